import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from '../../api/types.ts'
import { toTime } from '../../api/time.ts'
import { conditionOf, isTrue, withCondition, withoutCondition } from '../../cluster/objects/conditions.ts'
import { fenceposts } from './fenceposts.ts'
import { progressCondition } from './progress.ts'
import type { Generations } from './replica-sets.ts'
import { sum } from './rolling-update.ts'

/** The counts of a Deployment and its condition Available; Progressing is left as it was. */
export function deploymentCounts(deployment: Deployment, { current, old }: Generations, now: number): DeploymentStatus {
  const all = current ? [...old, current] : old
  const available = sum(all, set => set.status?.availableReplicas ?? 0)
  const wanted = sum(all, set => set.spec.replicas)
  const { generation } = deployment.metadata
  return {
    ...deployment.status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    replicas: sum(all, set => set.status?.replicas ?? 0),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum(all, set => set.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    conditions: withCondition(deployment.status?.conditions, availability(deployment, available, now), now),
  }
}

function availability(deployment: Deployment, available: number, now: number): Condition {
  const floor = deployment.spec.replicas - fenceposts(deployment).maxUnavailable
  const enough = available >= floor
  const status = enough ? 'True' : 'False'
  const before = conditionOf(deployment.status?.conditions, 'Available')
  return {
    type: 'Available',
    status,
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
    lastUpdateTime: before?.status === status && before.lastUpdateTime ? before.lastUpdateTime : toTime(now),
  }
}

/** The whole status: counts, Available, and whether the rollout moves. */
export function deploymentStatus(
  deployment: Deployment,
  generations: Generations,
  now: number,
): { status: DeploymentStatus; wakeAt: number | undefined } {
  const counts = deploymentCounts(deployment, generations, now)
  const { condition, wakeAt } = progressCondition(deployment, { counts, current: generations.current, now })
  const conditions = condition
    ? withCondition(counts.conditions, condition, now)
    : withoutCondition(counts.conditions, 'Progressing')
  return { status: { ...counts, conditions: withFailures(conditions, generations, now) }, wakeAt }
}

/** A ReplicaSet that cannot make pods says so in its Deployment too. */
function withFailures(conditions: readonly Condition[], { current, old }: Generations, now: number) {
  const failing = [...(current ? [current] : []), ...old].find((set: ReplicaSet) =>
    isTrue(set.status?.conditions, 'ReplicaFailure'),
  )
  const failure = conditionOf(failing?.status?.conditions, 'ReplicaFailure')
  return failure ? withCondition(conditions, failure, now) : withoutCondition(conditions, 'ReplicaFailure')
}
