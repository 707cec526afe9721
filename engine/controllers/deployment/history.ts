import type { Deployment, ReplicaSet } from '../../api/types.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { revisionOf } from './replica-sets.ts'

/** Old ReplicaSets beyond `revisionHistoryLimit`, the lowest revisions first; none that still has pods. */
export function outdatedReplicaSets({ spec }: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const sets = old.filter(set => !isBeingDeleted(set))
  const excess = Math.max(0, sets.length - spec.revisionHistoryLimit)
  return [...sets]
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, excess)
    .filter(isSpent)
}

function isSpent({ spec, status, metadata }: ReplicaSet): boolean {
  return spec.replicas === 0 && status?.replicas === 0 && (metadata.generation ?? 0) <= (status.observedGeneration ?? 0)
}
