import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkSettings } from '../api/check-settings.ts'
import { fieldText, type FieldPath } from '../api/report.ts'
import type { KubeObject } from '../api/types.ts'
import { checkPolicy } from './check-policy.ts'
import { judgeBy } from './policy.ts'

const locate = (path: FieldPath) => ({ file: fieldText(path), line: 0, column: 0 })

const words = [
  ...['object', 'variables', 'v', 'spec', 'size', 'has', 'all', 'exists', 'map', 'matches', 'quantity', 'int', 'null'],
  ...['.', '.?', '(', ')', '[', ']', '{', '}', ',', ':', '?', '!', '==', '<', '&&', '||', '+', '-', '/', '%', 'in'],
  ...['"a"', '"("', "'1Gi'", '1', '0', '1.5', '1u', 'b"a"', 'r"\\\\"', '__proto__', 'constructor', '"""', '\\', '\n'],
]
const expression = fc.array(fc.constantFrom(...words), { maxLength: 12 }).map(parts => parts.join(' '))
const sensible = fc.constantFrom(
  'object.metadata.name == "web"',
  'object.spec.all(k, object.spec[k] != null)',
  'size(object) / object.spec.replicas > 0',
  'quantity(object.spec.limit).isLessThan(quantity("1"))',
)
const named = fc.record({ name: fc.constantFrom('v', 'w'), expression: fc.oneof(expression, sensible) })
const rule = fc.record(
  {
    name: fc.constantFrom('r', 's', 'limits-set'),
    matchConditions: fc.array(named, { maxLength: 1 }),
    variables: fc.array(named, { maxLength: 2 }),
    validations: fc.array(
      fc.record(
        { expression: fc.oneof(expression, sensible), messageExpression: expression, fieldPath: fc.string() },
        { requiredKeys: ['expression'] },
      ),
      { maxLength: 2 },
    ),
    schema: fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.record({
        properties: fc.dictionary(fc.constantFrom('spec', '__proto__', 'kind'), fc.jsonValue({ maxDepth: 1 })),
      }),
    ),
  },
  { requiredKeys: ['name'] },
)
const object: fc.Arbitrary<KubeObject> = fc.record({
  apiVersion: fc.constant('apps/v1'),
  kind: fc.constantFrom('Deployment', 'Secret', 'Pod'),
  metadata: fc.record(
    { name: fc.constant('web'), annotations: fc.constant({ 'gantry.dev/policy-exempt': 's,,x' }) },
    { requiredKeys: ['name'] },
  ),
  spec: fc.jsonValue({ maxDepth: 2 }),
})

test('whatever stands in a policy is refused with a message, or judges whatever object there is', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.record({ rules: fc.array(rule, { maxLength: 2 }) })),
      object,
      (policy, on) => {
        const value = { apiVersion: 'gantry.dev/v1', kind: 'Cluster', spec: { policy } }
        const { settings } = checkSettings(value, { locate })
        if (settings === undefined) return
        const problems = checkPolicy(settings.spec.policy, { value, locate })
        if (problems.length > 0) expect(problems.every(({ message }) => message.startsWith('spec.policy'))).toBe(true)
        else for (const { message } of judgeBy(settings.spec.policy)(on)) expect(message).not.toBe('')
      },
    ),
    { numRuns: 300 },
  )
})
