import { expect, test } from 'vitest'
import { sourceAnnotation } from '../../api/manifest.ts'
import type { ConfigMap, Namespace } from '../../api/types.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { reconcileNamespace } from './reconcile.ts'

const env = { now: 0, newId: () => 'uid', random: () => 0 }
const implied = { 'gantry.dev/implied': 'true' }
const desired = { [sourceAnnotation]: 'a.yaml' }

interface Case {
  readonly name: string
  /** Undefined: there is no such Namespace. */
  readonly annotations?: Readonly<Record<string, string>>
  readonly ending?: true
  /** Something in it, with these annotations. */
  readonly holds?: Readonly<Record<string, string>>
  readonly becomes: 'gone' | 'Active' | 'Terminating'
  /** It goes once nothing is left in it. */
  readonly impliedThen?: true
}

test.each<Case>([
  { name: 'nothing asks for it', becomes: 'gone' },
  { name: 'something is made in it', holds: desired, becomes: 'Active', impliedThen: true },
  { name: 'implied, and something is in it', annotations: implied, holds: {}, becomes: 'Active', impliedThen: true },
  { name: 'implied, and empty', annotations: implied, becomes: 'gone' },
  { name: 'asked for, and empty', annotations: desired, becomes: 'Active' },
  { name: 'ends, and is empty', annotations: {}, ending: true, becomes: 'gone' },
  { name: 'ends, and what is in it ends too', annotations: {}, ending: true, holds: {}, becomes: 'Terminating' },
  {
    name: 'is not asked for any more, but what is in it is',
    annotations: {},
    ending: true,
    holds: desired,
    becomes: 'Active',
    impliedThen: true,
  },
])('$name', ({ annotations, ending, holds, becomes, impliedThen }) => {
  const cluster = new Cluster({ startVersion: 0 })
  const deletion = ending && { deletionTimestamp: '2026-11-20T00:00:00Z', finalizers: ['kubernetes'] }
  const namespace: Namespace | undefined = annotations && {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', annotations, ...deletion },
  }
  const object: ConfigMap | undefined = holds && {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'some', namespace: 'shop', annotations: holds },
  }
  cluster.restore([...(namespace ? [namespace] : []), ...(object ? [object] : [])], { resourceVersion: 1 })
  cluster.apply(reconcileNamespace(cluster, 'shop').changes, env)
  const { metadata, status } = cluster.get('Namespace', 'shop') ?? {}
  expect(status?.phase ?? 'gone').toBe(becomes)
  expect(metadata?.deletionTimestamp !== undefined).toBe(becomes === 'Terminating')
  expect(metadata?.annotations?.['gantry.dev/implied'] !== undefined).toBe(impliedThen === true)
})
