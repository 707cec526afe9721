import { expect, test } from 'vitest'
import { checkObject } from './check.ts'
import { fieldText } from './report.ts'

const options = {
  locate: (path: readonly (string | number)[]) => ({ file: fieldText(path), line: 1, column: 1 }),
  defaultNamespace: 'default',
}

interface Case {
  readonly name: string
  readonly object: object
  /** Severity, place, words. */
  readonly expected: readonly (readonly [string, string, string])[]
}

function node(spec: object, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a', ...metadata }, spec }
}

function budget(spec: object): object {
  return { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web' }, spec }
}

test.each<Case>([
  {
    name: 'a node',
    object: node({ unschedulable: true, taints: [{ key: 'gpu', effect: 'NoSchedule' }] }),
    expected: [],
  },
  { name: 'a node without spec', object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } }, expected: [] },
  {
    name: 'what the cluster gives it',
    object: node({ podCIDR: '10.0.0.0/24', providerID: 'x' }),
    expected: [
      ['warning', 'spec.podCIDR', 'is not honoured by Gantry yet: the cluster gives each node its range'],
      ['warning', 'spec.providerID', 'is not honoured by Gantry yet: nothing reads it'],
    ],
  },
  {
    name: 'a taint of a condition',
    object: node({ taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] }),
    expected: [
      [
        'warning',
        'spec.taints[0].key',
        'is node.kubernetes.io/unreachable, which the cluster sets and lifts itself; it is left out',
      ],
    ],
  },
  {
    name: 'an effect that is none',
    object: node({ taints: [{ key: 'gpu', effect: 'NoExec' }] }),
    expected: [
      ['error', 'spec.taints[0].effect', 'must be one of NoSchedule, PreferNoSchedule, NoExecute, not "NoExec"'],
    ],
  },
  {
    name: 'a taint twice',
    object: node({ taints: ['1', '2'].map(value => ({ key: 'gpu', value, effect: 'NoSchedule' })) }),
    expected: [['error', 'spec.taints[1]', 'must be unique: another taint is gpu:NoSchedule too']],
  },
  {
    name: 'a drain that means nothing',
    object: node({}, { annotations: { 'gantry.dev/drain': 'yes' } }),
    expected: [
      [
        'error',
        'metadata.annotations["gantry.dev/drain"]',
        'must be "true", or some of force, delete-emptydir-data and grace-period=SECONDS, separated by commas, not "yes"',
      ],
    ],
  },
  {
    name: 'what Gantry alone writes',
    object: node({}, { annotations: { 'gantry.dev/desired': '{}', 'gantry.dev/reported': '{}' } }),
    expected: [
      ['error', 'metadata.annotations["gantry.dev/desired"]', 'is written by Gantry alone'],
      ['error', 'metadata.annotations["gantry.dev/reported"]', 'is written by Gantry alone'],
    ],
  },
  {
    name: 'a budget',
    object: budget({ minAvailable: '50%', selector: { matchLabels: { app: 'web' } } }),
    expected: [],
  },
  {
    name: 'a budget of both',
    object: budget({ minAvailable: 1, maxUnavailable: 1 }),
    expected: [['error', 'spec.maxUnavailable', 'must not stand beside minAvailable']],
  },
  {
    name: 'a budget of text',
    object: budget({ minAvailable: 'most' }),
    expected: [
      ['error', 'spec.minAvailable', 'must be a whole number of 0 or more, or a percentage such as 25%, not "most"'],
    ],
  },
  {
    name: 'a selector that selects by nothing',
    object: budget({ selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }),
    expected: [
      ['error', 'spec.selector.matchExpressions[0].values', 'must have at least one value where operator is In'],
    ],
  },
])('$name', ({ object, expected }) => {
  const { problems } = checkObject(object, options)
  const told = problems.map(({ severity, field = '', message }) => [severity, field, message.slice(field.length + 1)])
  expect(told).toEqual(expected)
})
