import { expect, test } from 'vitest'
import { once } from '../api/once.ts'
import type { PolicyRule } from '../api/settings.ts'
import type { KubeObject } from '../api/types.ts'
import { celValue } from './cel-value.ts'
import { ruleJudge } from './rule.ts'

const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: { replicas: 1, template: { spec: { containers: [{ name: 'web', image: 'web:1' }] } } },
}

function judge(rule: Omit<PolicyRule, 'name'>, object: KubeObject = deployment) {
  const fail = (path: readonly (string | number)[], text: string): never => {
    throw new Error(`${path.join('.')}: ${text}`)
  }
  const cel = once(celValue)
  return ruleJudge({ name: 'r', ...rule }, fail)({ object, cel: () => cel(object) })
}

const never = [{ expression: 'false', message: 'no' }]
const broken = [{ message: 'no', path: [] }]

test.each<{ name: string; rule: Omit<PolicyRule, 'name' | 'validations'>; applies: boolean }>([
  { name: 'everything, where nothing is asked for', rule: {}, applies: true },
  { name: 'a kind', rule: { match: { kinds: ['Pod', 'Deployment'] } }, applies: true },
  { name: 'a kind of a group', rule: { match: { kinds: ['apps/Deployment'] } }, applies: true },
  { name: 'a kind of another group', rule: { match: { kinds: ['extensions/Deployment'] } }, applies: false },
  { name: 'any kind', rule: { match: { kinds: ['*'] } }, applies: true },
  { name: 'another kind', rule: { match: { kinds: ['Pod'] } }, applies: false },
  { name: 'a namespace', rule: { match: { namespaces: ['shop'] } }, applies: true },
  { name: 'another namespace', rule: { match: { namespaces: ['web'] } }, applies: false },
  { name: 'a label', rule: { match: { selector: { matchLabels: { app: 'web' } } } }, applies: true },
  {
    name: 'a label that it lacks',
    rule: { match: { selector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } } },
    applies: false,
  },
  { name: 'a kind, but in another namespace', rule: { match: { kinds: ['*'], namespaces: ['x'] } }, applies: false },
  { name: 'all but its name', rule: { exclude: { names: ['web'] } }, applies: false },
  { name: 'all but its name elsewhere', rule: { exclude: { names: ['web'], namespaces: ['x'] } }, applies: true },
  {
    name: 'a condition',
    rule: { matchConditions: [{ name: 'c', expression: 'object.kind != "Pod"' }] },
    applies: true,
  },
  {
    name: 'a condition that it does not meet, beside one that fails',
    rule: {
      matchConditions: [
        { name: 'a', expression: 'object.spec.missing' },
        { name: 'b', expression: 'false' },
      ],
    },
    applies: false,
  },
])('a rule is about $name: $applies', ({ rule, applies }) =>
  expect(judge({ ...rule, validations: never })).toEqual(applies ? broken : []),
)

const advice = 'give the object what is read, or ask in the rule with has() whether it is there'

test.each<{ name: string; rule: Omit<PolicyRule, 'name'>; found: unknown[] }>([
  { name: 'what is true', rule: { validations: [{ expression: 'object.spec.replicas == 1' }] }, found: [] },
  {
    name: 'no words of its own',
    rule: { validations: [{ expression: 'object.spec.replicas\n  >= 2' }] },
    found: [{ message: 'failed expression: object.spec.replicas >= 2', path: [] }],
  },
  {
    name: 'a field to blame',
    rule: {
      validations: [{ expression: 'false', message: 'no', fieldPath: '.spec.template.spec.containers[0].image' }],
    },
    found: [{ message: 'no', path: ['spec', 'template', 'spec', 'containers', 0, 'image'] }],
  },
  {
    name: 'words that are worked out',
    rule: {
      variables: [
        { name: 'n', expression: 'object.spec.replicas' },
        { name: 'twice', expression: 'variables.n * 2' },
      ],
      validations: [
        { expression: 'variables.n > 1', message: 'no', messageExpression: '"not " + string(variables.twice)' },
      ],
    },
    found: [{ message: 'not 2', path: [] }],
  },
  {
    name: 'words that fail, or are none',
    rule: {
      validations: [
        { expression: 'false', message: 'no', messageExpression: 'object.missing' },
        { expression: 'false', message: 'no', messageExpression: '" "' },
      ],
    },
    found: [...broken, ...broken],
  },
  {
    name: 'a field that is not there',
    rule: { validations: [{ expression: 'object.spec.paused == true', message: 'no', fieldPath: '.spec' }] },
    found: [
      {
        message: 'the object cannot be judged by object.spec.paused == true: No such key: paused',
        remedy: advice,
        path: ['spec'],
      },
    ],
  },
  {
    name: 'a variable that fails, only where it is read',
    rule: {
      variables: [{ name: 'p', expression: 'object.spec.paused' }],
      validations: [{ expression: 'object.spec.replicas == 1 || variables.p' }, { expression: 'variables.p' }],
    },
    found: [
      {
        message: 'the object cannot be judged by variables.p: variables.p: No such key: paused',
        remedy: advice,
        path: [],
      },
    ],
  },
  {
    name: 'a condition that fails',
    rule: { matchConditions: [{ name: 'paused', expression: 'object.spec.paused' }], validations: never },
    found: [
      { message: 'the object cannot be judged by the condition paused: No such key: paused', remedy: advice, path: [] },
    ],
  },
  {
    name: 'a schema',
    rule: {
      schema: {
        required: ['status'],
        properties: {
          kind: { enum: ['Pod', 'Job'] },
          spec: {
            properties: {
              replicas: { minimum: 2 },
              template: {
                properties: {
                  spec: { properties: { containers: { items: { properties: { image: { const: 'web:2' } } } } } },
                },
              },
            },
          },
        },
      },
    },
    found: [
      { message: 'the manifest must have the field status', path: [] },
      { message: 'kind must be one of "Pod", "Job"', path: ['kind'] },
      { message: 'spec.replicas must be >= 2', path: ['spec', 'replicas'] },
      {
        message: 'spec.template.spec.containers[0].image must be "web:2"',
        path: ['spec', 'template', 'spec', 'containers', 0, 'image'],
      },
    ],
  },
  {
    name: 'a schema that asks for an inherited field',
    rule: { schema: { required: ['toString'] } },
    found: [{ message: 'the manifest must have the field toString', path: [] }],
  },
])('$name', ({ rule, found }) => expect(judge(rule)).toEqual(found))
