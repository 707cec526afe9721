import { assert, constantFrom, array, boolean, property, record, type Arbitrary } from 'fast-check'
import { expect, test } from 'vitest'
import { checkObject } from './check.ts'
import { checkSet, type CheckedSet } from './check-set.ts'
import type { Manifest } from './manifest.ts'

const namespace = constantFrom('default', 'shop', 'billing')
const name = constantFrom('web', 'api', 'apo')

/** Few names, so that objects meet: they stand twice, and refer to each other or to what is not there. */
const object: Arbitrary<object> = record({
  namespace,
  name,
  other: name,
  kind: constantFrom('a', 'b', 'c', 'd'),
  odd: boolean(),
}).map(({ kind, odd, other, ...metadata }) => {
  switch (kind) {
    case 'a':
      return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: metadata.namespace } }
    case 'b':
      return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [other]: 'x' } }
    case 'c':
      return {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: {
          type: 'NodePort',
          selector: odd ? { app: other } : { app: other, tier: 'web' },
          ports: [{ port: 80, targetPort: odd ? other : 80, ...(odd ? { nodePort: 30080 } : {}) }],
        },
      }
    default:
      return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, labels: odd ? { app: metadata.name } : { app: other, tier: 'web' } },
        spec: {
          containers: [
            {
              name: 'one',
              image: 'one:1',
              ports: [{ name: metadata.name, containerPort: 80 }],
              envFrom: [{ configMapRef: { name: other, optional: odd } }],
            },
          ],
        },
      }
  }
})

function manifestOf(value: object, line: number): Manifest {
  const origin = { file: 'all.yaml', line, column: 1 }
  const checked = checkObject(value, { locate: () => origin, defaultNamespace: 'default' })
  if (!checked.object) throw new Error(JSON.stringify(checked.problems))
  return { object: checked.object, origin }
}

const pool = array(object, { minLength: 1, maxLength: 12 })
const pick = record({ taken: array(boolean(), { minLength: 12, maxLength: 12 }), turned: boolean() })
const picks = array(pick, { minLength: 1, maxLength: 6 })

test('a set that is checked after others gives what it gives by itself', () => {
  assert(
    property(pool, picks, (values, commits) => {
      const manifests = values.map((value, index) => manifestOf(value, index + 1))
      let earlier: CheckedSet | undefined
      for (const { taken, turned } of commits) {
        const present = manifests.filter((_, index) => taken[index])
        if (turned) present.reverse()
        earlier = checkSet(present, earlier)
        expect(earlier).toEqual(checkSet(present))
      }
    }),
    { numRuns: 300 },
  )
})
