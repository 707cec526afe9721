/** What a rolling update needs to know of one ReplicaSet. */
export interface Generation {
  readonly name: string
  /** `spec.replicas`. */
  readonly replicas: number
  readonly available: number
}

export interface Rollout {
  /** The Deployment's `spec.replicas`. */
  readonly desired: number
  readonly maxSurge: number
  readonly maxUnavailable: number
  readonly current: Generation
  /** Oldest first. */
  readonly old: readonly Generation[]
}

/** Name of a ReplicaSet → the replicas it should have; those that stay as they are do not appear. */
export type Scaling = ReadonlyMap<string, number>

/**
 * One step of a rolling update. First the new ReplicaSet grows as far as the surge allows; only where it cannot, the old
 * ones shrink as far as availability allows. With 3 replicas, surge 1, unavailable 0: new 0→1; when that one is
 * available, old 3→2; new 1→2; and so on.
 */
export function rollingStep(rollout: Rollout): Scaling {
  const { current } = rollout
  const replicas = currentReplicas(rollout)
  if (replicas !== current.replicas) return new Map([[current.name, replicas]])
  return shrinkOld(rollout)
}

/** How many replicas the new ReplicaSet may have now. */
export function currentReplicas({ desired, maxSurge, current, old }: Omit<Rollout, 'maxUnavailable'>): number {
  if (current.replicas >= desired) return desired
  const room = desired + maxSurge - sum([...old, current], generation => generation.replicas)
  if (room <= 0) return current.replicas
  return current.replicas + Math.min(room, desired - current.replicas)
}

function shrinkOld({ desired, maxUnavailable, current, old }: Rollout): Scaling {
  const floor = desired - maxUnavailable
  const all = sum([...old, current], generation => generation.replicas)
  // Replicas of the new ReplicaSet that are not available yet might all come at once; until they do they count as missing.
  const removable = all - floor - Math.max(0, current.replicas - current.available)
  if (removable <= 0) return new Map()
  const broken = shrinkEach(old, { limit: removable, by: set => set.replicas - set.available })
  const left = old.map(set => ({ ...set, replicas: broken.get(set.name) ?? set.replicas }))
  const available = sum([...old, current], generation => generation.available)
  const healthy = shrinkEach(left, { limit: available - floor, by: set => set.replicas })
  return new Map([...broken, ...healthy])
}

/** Takes replicas from the oldest ReplicaSets first, `limit` in all. */
function shrinkEach(
  sets: readonly Generation[],
  { limit, by }: { limit: number; by: (set: Generation) => number },
): Map<string, number> {
  const scaling = new Map<string, number>()
  let left = limit
  for (const set of sets) {
    const taken = Math.min(by(set), left)
    if (taken <= 0) continue
    scaling.set(set.name, set.replicas - taken)
    left -= taken
  }
  return scaling
}

export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
