import type { Deployment, ReplicaSet } from '../../api/types.ts'
import { fenceposts } from './fenceposts.ts'
import { shareOut } from './proportional-scaling.ts'
import { sum } from './rolling-update.ts'
import { annotationNumber, createdAt, desiredAnnotation, type Generations, maxAnnotation } from './replica-sets.ts'

/** ReplicaSet name → replicas. */
type Sizes = ReadonlyMap<string, number>

/** Whether the Deployment changed its size since its ReplicaSets were sized: that is seen to before any rollout. */
export function isScaling(deployment: Deployment, { current, old }: Generations): boolean {
  return active([...old, ...(current ? [current] : [])]).some(set => {
    const sizedFor = annotationNumber(set, desiredAnnotation)
    return sizedFor !== undefined && sizedFor !== deployment.spec.replicas
  })
}

/** What every ReplicaSet should have once the Deployment has another size, in mid-rollout or out of it. */
export function scaleTo(deployment: Deployment, { current, old }: Generations): Sizes {
  const { replicas } = deployment.spec
  const all = [...old, ...(current ? [current] : [])]
  const running = active(all)
  const only = running.length === 0 ? (current ?? old.at(-1)) : running.length === 1 ? running[0] : undefined
  if (only) return new Map([[only.metadata.name, replicas]])
  if (current && isSaturated(deployment, current)) {
    return new Map(active(old).map(set => [set.metadata.name, 0]))
  }
  // Recreate never has two generations at once for long; its rollout will take the old ones down.
  if (deployment.spec.strategy.type !== 'RollingUpdate') return new Map()
  const { maxSurge, maxUnavailable } = fenceposts(deployment)
  const sets = running.map(set => ({
    name: set.metadata.name,
    replicas: set.spec.replicas,
    createdAt: createdAt(set),
    maxReplicas: annotationNumber(set, maxAnnotation) ?? deployment.status?.replicas ?? 0,
  }))
  return keepAvailable(shareOut(sets, { desired: replicas, maxSurge }), { running, floor: replicas - maxUnavailable })
}

/**
 * Shares follow from sizes alone, as in Kubernetes; what is available stays all the same, down to the floor, and the
 * rollout takes it later. Of sizes 2, 2 and 4 for 2 replicas, where only the first 2 are available: not 1, 1 and 2 but 2, 1
 * and 2.
 */
function keepAvailable(
  sizes: Sizes,
  { running, floor }: { readonly running: readonly ReplicaSet[]; readonly floor: number },
): Sizes {
  const sizeOf = ({ metadata, spec }: ReplicaSet) => sizes.get(metadata.name) ?? spec.replicas
  const availableOf = ({ spec, status }: ReplicaSet) => Math.min(spec.replicas, status?.availableReplicas ?? 0)
  let missing = floor - sum(running, set => Math.min(availableOf(set), sizeOf(set)))
  const kept = new Map(sizes)
  for (const set of [...running].reverse()) {
    const spared = Math.min(missing, availableOf(set) - sizeOf(set))
    if (spared <= 0) continue
    kept.set(set.metadata.name, sizeOf(set) + spared)
    missing -= spared
  }
  return kept
}

function isSaturated({ spec }: Deployment, current: ReplicaSet): boolean {
  return (
    current.spec.replicas === spec.replicas &&
    annotationNumber(current, desiredAnnotation) === spec.replicas &&
    current.status?.availableReplicas === spec.replicas
  )
}

function active(sets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return sets.filter(set => set.spec.replicas > 0)
}
