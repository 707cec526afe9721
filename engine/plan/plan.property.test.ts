import { array, assert, boolean, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import type { Manifest } from '../api/manifest.ts'
import type { KubeObject } from '../api/types.ts'
import { Cluster } from '../cluster/cluster.ts'
import type { Change } from '../cluster/view.ts'
import { plan } from './plan.ts'

const env = { now: 0, newId: () => 'u1', random: () => 0 }

function configMap(name: string, value: number): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' }, data: { value: String(value) } }
}

/** A commit: which manifests it has, in which version; whether it is applied; what else happens to an object before. */
const commit = record({
  versions: array(integer({ min: 0, max: 2 }), { minLength: 5, maxLength: 5 }),
  applied: boolean(),
  meddled: constantFrom('none', 'changed', 'deleted', 'unclaimed'),
})

function meddle(how: string): Change[] {
  const ref = { kind: 'ConfigMap', key: 'shop/c1' }
  switch (how) {
    case 'changed':
      return [{ kind: 'put', object: configMap('c1', 9) }]
    case 'deleted':
      return [{ kind: 'delete', ref }]
    case 'unclaimed':
      return [{ kind: 'put', object: configMap('stranger', 9) }]
    default:
      return []
  }
}

test('what earlier plans found changes no plan', () => {
  assert(
    property(array(commit, { minLength: 1, maxLength: 8 }), commits => {
      const cluster = new Cluster({ startVersion: 0 })
      const known = new Map<string, Manifest>()
      for (const { versions, applied, meddled } of commits) {
        const wanted = versions.flatMap((version, index) => (version === 0 ? [] : [configMap(`c${index}`, version)]))
        const manifests = wanted.map(object => {
          const id = JSON.stringify(object)
          const manifest = known.get(id) ?? { object, origin: { file: 'all.yaml', line: 1, column: 1 } }
          known.set(id, manifest)
          return manifest
        })
        cluster.apply(meddle(meddled), env)
        const planned = plan(cluster, manifests)
        expect(planned).toEqual(plan(cluster, structuredClone(manifests)))
        if (applied) {
          cluster.apply(
            planned.steps.map(step =>
              step.kind === 'delete' ? { kind: 'delete', ref: step.ref } : { kind: 'put', object: step.after },
            ),
            env,
          )
          expect(plan(cluster, manifests)).toEqual({ steps: [] })
        }
      }
    }),
    { numRuns: 200 },
  )
})
