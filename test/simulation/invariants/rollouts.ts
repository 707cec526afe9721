import type { Pod, ReplicaSet } from '../../../engine/api/types.ts'
import { isFinished } from '../../../engine/cluster/objects/pod-state.ts'
import type { Step } from '../engine-process.ts'
import { ownerOf } from './floor.ts'
import { check } from './violation.ts'

/** A paused Deployment begins no new generation. */
export function checkPaused({ cluster, record }: Step): void {
  for (const { ref, before, after } of record) {
    if (ref.kind !== 'ReplicaSet' || before || !after) continue
    const deployment = ownerOf(cluster, 'Deployment', after)
    check(deployment?.spec.paused !== true, () => `${ref.key} is made for a Deployment that is paused`)
  }
}

/** Recreate lets a generation grow only once nothing of another one is left. */
export function checkRecreations({ cluster, record }: Step): void {
  for (const { ref, before, after } of record) {
    if (ref.kind !== 'ReplicaSet' || !after) continue
    const [was, set] = [before as ReplicaSet | undefined, after as ReplicaSet]
    if (set.spec.replicas <= (was?.spec.replicas ?? 0)) continue
    const deployment = ownerOf(cluster, 'Deployment', set)
    if (deployment?.spec.strategy.type !== 'Recreate') continue
    const other = cluster
      .ownedBy('ReplicaSet', deployment.metadata.uid ?? '')
      .filter(({ metadata }) => metadata.uid !== set.metadata.uid)
      .flatMap(({ metadata }) => cluster.ownedBy('Pod', metadata.uid ?? ''))
      .find((pod: Pod) => !isFinished(pod))
    check(!other, () => `${set.metadata.name} grows while ${other?.metadata.name} of another generation may run`)
  }
}
