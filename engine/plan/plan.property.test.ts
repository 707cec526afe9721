import { array, assert, boolean, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { sourceAnnotation, type Manifest } from '../api/manifest.ts'
import type { KubeObject } from '../api/types.ts'
import { Cluster } from '../cluster/cluster.ts'
import type { Change } from '../cluster/view.ts'
import { plan } from './plan.ts'

const env = { now: 0, newId: () => 'u1', random: () => 0 }

function configMap(name: string, value: number): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' }, data: { value: String(value) } }
}

const metadata = { name: 'c3', namespace: 'shop' }

function deployment(replicas: number): KubeObject {
  const template = { metadata: {}, spec: { containers: [] } }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas, template } }
}

/** Decides how many replicas the Deployment has, or another's. */
function autoscaler(version: number): KubeObject {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: version === 1 ? 'c3' : 'other' }
  return { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec: { scaleTargetRef } }
}

function objectOf(index: number, version: number): KubeObject {
  if (index === 3) return deployment(version)
  return index === 4 ? autoscaler(version) : configMap(`c${index}`, version)
}

/** A cluster that holds the same, and knows of no plan. */
function anew(cluster: Cluster): Cluster {
  const other = new Cluster({ startVersion: 0 })
  const { resourceVersion } = cluster
  other.restore(
    cluster.kinds().flatMap(kind => cluster.list(kind)),
    { resourceVersion },
  )
  return other
}

/** A commit: which manifests it has, in which version; whether it is applied; what else happens to an object before. */
const commit = record({
  versions: array(integer({ min: 0, max: 2 }), { minLength: 5, maxLength: 5 }),
  turned: boolean(),
  doubled: boolean(),
  applied: boolean(),
  meddled: constantFrom('none', 'changed', 'deleted', 'unclaimed', 'left', 'scaled', 'released'),
})

function withSource(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { [sourceAnnotation]: 'all.yaml' } } }
}

function meddle(how: string): Change[] {
  const ref = { kind: 'ConfigMap', key: 'shop/c1' }
  switch (how) {
    case 'changed':
      return [{ kind: 'put', object: configMap('c1', 9) }]
    case 'deleted':
      return [{ kind: 'delete', ref }]
    case 'scaled':
      return [{ kind: 'put', object: deployment(7) }]
    case 'released':
      return [{ kind: 'put', object: configMap('c2', 1) }]
    case 'left':
      return [{ kind: 'put', object: withSource(configMap('left', 9)) }]
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
      for (const { versions, turned, doubled, applied, meddled } of commits) {
        const wanted = versions.flatMap((version, index) => (version === 0 ? [] : [objectOf(index, version)]))
        if (turned) wanted.reverse()
        if (doubled) wanted.push(configMap('c0', 3))
        const manifests = wanted.map(object => {
          const id = JSON.stringify(object)
          const manifest = known.get(id) ?? { object, origin: { file: 'all.yaml', line: 1, column: 1 } }
          known.set(id, manifest)
          return manifest
        })
        cluster.apply(meddle(meddled), env)
        const planned = plan(cluster, manifests)
        expect(planned).toEqual(plan(anew(cluster), manifests))
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
