import { sum } from './rolling-update.ts'

export interface ScaledSet {
  readonly name: string
  readonly replicas: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** `desired + maxSurge` when the ReplicaSet was last scaled. */
  readonly maxReplicas: number
}

/**
 * Shares a change of a Deployment's size out among the ReplicaSets of an unfinished rollout, in proportion to their
 * sizes: growing 10 → 15 (surge 0) with sets of 8 and 2 gives 12 and 3. The largest set takes what rounding leaves over;
 * among equals the newer grows first and the older shrinks first. The arithmetic is Kubernetes's GetReplicaSetProportion.
 */
export function shareOut(
  sets: readonly ScaledSet[],
  { desired, maxSurge }: { desired: number; maxSurge: number },
): ReadonlyMap<string, number> {
  const allowed = desired > 0 ? desired + maxSurge : 0
  const toAdd = allowed - sum(sets, set => set.replicas)
  const newerFirst = toAdd > 0 ? 1 : -1
  const ordered = [...sets].sort(
    (a, b) => b.replicas - a.replicas || newerFirst * (b.createdAt - a.createdAt) || (a.name < b.name ? -1 : 1),
  )
  let added = 0
  const shares = ordered.map(set => {
    const share = shareOf(set, { allowed, rest: toAdd - added })
    added += share
    return set.replicas + share
  })
  return new Map(ordered.map(({ name }, i) => [name, Math.max(0, (shares[i] ?? 0) + (i === 0 ? toAdd - added : 0))]))
}

function shareOf({ replicas, maxReplicas }: ScaledSet, { allowed, rest }: { allowed: number; rest: number }): number {
  if (replicas === 0 || rest === 0) return 0
  const share = maxReplicas === 0 ? 0 : Math.round((replicas * allowed) / maxReplicas) - replicas
  return rest > 0 ? Math.min(share, rest) : Math.max(share, rest)
}
