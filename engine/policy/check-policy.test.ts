import { expect, test } from 'vitest'
import { checkSettings } from '../api/check-settings.ts'
import { formatProblem } from '../api/problem.ts'
import { fieldText, type FieldPath } from '../api/report.ts'
import { checkPolicy } from './check-policy.ts'

const locate = (path: FieldPath) => ({ file: fieldText(path), line: 0, column: 0 })

/** The problems of a policy, each after the field that it is placed at. */
function problemsOf(policy: object): string[] {
  const value = { apiVersion: 'gantry.dev/v1', kind: 'Cluster', spec: { policy } }
  const { settings, problems } = checkSettings(value, { locate })
  const meaning = settings === undefined ? [] : checkPolicy(settings.spec.policy, { value, locate })
  return [...problems, ...meaning].map(formatProblem)
}

const validations = [{ expression: 'object.kind != "Pod"' }]
const rule = (fields: object) => ({ rules: [{ name: 'r', validations, ...fields }] })
const at = 'spec.policy.rules[0]'

test.each<{ name: string; policy: object; expected: string[] }>([
  {
    name: 'all that a rule can have',
    policy: {
      starter: { 'no-latest-tag': 'error', 'allowed-registries': 'warning' },
      registries: ['ghcr.io/acme', 'localhost:5000'],
      rules: [
        {
          name: 'r',
          severity: 'warning',
          match: { kinds: ['Deployment', 'example.com/Widget', 'Widget'], namespaces: ['a'], names: ['b'] },
          exclude: { selector: { matchLabels: { a: 'b' } } },
          matchConditions: [{ name: 'c', expression: 'true' }],
          variables: [{ name: 'v', expression: 'object.spec' }],
          validations: [{ expression: 'variables.v.x', message: 'm', messageExpression: '"m"', fieldPath: '.spec.x' }],
          schema: { type: 'object' },
        },
      ],
    },
    expected: [],
  },
  {
    name: 'a starter rule that there is not',
    policy: { starter: { 'no-latest': 'error' } },
    expected: [
      'spec.policy.starter.no-latest: error: spec.policy.starter.no-latest must be under the name of a rule (no-latest-tag, limits-set, probes-set, no-privileged, no-host-access, allowed-registries) and be error or warning, not "error"',
    ],
  },
  {
    name: 'registries that are not named',
    policy: { starter: { 'allowed-registries': 'error' } },
    expected: [
      'spec.policy: error: spec.policy.registries is required by the rule allowed-registries; list where images may come from',
    ],
  },
  {
    name: 'two rules of a name, and one of a starter rule',
    policy: {
      rules: [
        { name: 'r', validations },
        { name: 'r', validations },
        { name: 'limits-set', validations },
      ],
    },
    expected: [
      'spec.policy.rules[1].name: error: spec.policy.rules[1].name is r, which is the name of another rule; rename it',
      'spec.policy.rules[2].name: error: spec.policy.rules[2].name is limits-set, which is the name of another rule; rename it',
    ],
  },
  {
    name: 'a rule that asks for nothing',
    policy: rule({ validations: [] }),
    expected: [`${at}: error: ${at} has neither validations nor a schema, so it asks for nothing; add validations`],
  },
  {
    name: 'an exception for everything',
    policy: rule({ exclude: {} }),
    expected: [`${at}.exclude: error: ${at}.exclude names nothing, and so would leave out everything; remove it`],
  },
  {
    name: 'misspelt kinds',
    policy: rule({ match: { kinds: ['Deploymnet'] }, exclude: { kinds: ['pods'] } }),
    expected: [
      `${at}.exclude.kinds[0]: error: ${at}.exclude.kinds[0] must be a kind such as Deployment or apps/Deployment, or *, not "pods"`,
    ],
  },
  {
    name: 'a kind that Kubernetes does not have',
    policy: rule({ match: { kinds: ['Deploymnet'] } }),
    expected: [
      `${at}.match.kinds[0]: error: ${at}.match.kinds[0] is Deploymnet, which Kubernetes does not have; did you mean Deployment?`,
    ],
  },
  {
    name: 'expressions that make no sense, each where it stands',
    policy: rule({
      matchConditions: [{ name: 'c', expression: 'variables.v' }],
      variables: [
        { name: 'v', expression: 'variables.w' },
        { name: 'w', expression: '1' },
      ],
      validations: [{ expression: 'object.', messageExpression: '1', fieldPath: '.spec' }],
    }),
    expected: [
      `${at}.matchConditions[0].expression: error: ${at}.matchConditions[0].expression makes no sense: no variable v is defined before it`,
      `${at}.variables[0].expression: error: ${at}.variables[0].expression makes no sense: no variable w is defined before it`,
      `${at}.validations[0].expression: error: ${at}.validations[0].expression makes no sense: Expected IDENTIFIER, got EOF at column 8 of the expression`,
      `${at}.validations[0].messageExpression: error: ${at}.validations[0].messageExpression makes no sense: it gives int, not text`,
    ],
  },
  {
    name: 'a schema that is none',
    policy: rule({ schema: { type: 'objct' } }),
    expected: [
      `${at}.schema: error: ${at}.schema makes no sense: schema is invalid: data/type must be equal to one of the allowed values, data/type must be array, data/type must match a schema in anyOf`,
    ],
  },
  {
    name: 'a schema with a word that JSON Schema does not have',
    policy: rule({ schema: { propertys: {} } }),
    expected: [`${at}.schema: error: ${at}.schema makes no sense: strict mode: unknown keyword: "propertys"`],
  },
])('$name', ({ policy, expected }) => expect(problemsOf(policy)).toEqual(expected))
