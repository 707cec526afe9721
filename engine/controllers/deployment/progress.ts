import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from '../../api/types.ts'
import { fromTime, toTime } from '../../api/time.ts'
import { conditionOf, withCondition } from '../../cluster/objects/conditions.ts'

/** No deadline: Kubernetes's largest int32. */
const never = 2_147_483_647

interface Progress {
  readonly counts: DeploymentStatus
  readonly current: ReplicaSet | undefined
  readonly now: number
}

/** The condition Progressing, and when the deadline is next to be looked at. First match wins, as in Kubernetes. */
export function progressCondition(
  deployment: Deployment,
  progress: Progress,
): { condition: Condition | undefined; wakeAt: number | undefined } {
  const { counts, current, now } = progress
  const before = conditionOf(deployment.status?.conditions, 'Progressing')
  if (deployment.spec.progressDeadlineSeconds >= never) return { condition: undefined, wakeAt: undefined }
  const still = { condition: before, wakeAt: undefined }
  const paused = pauseCondition(deployment, { before, now })
  if (paused) return { condition: paused, wakeAt: undefined }
  if (deployment.spec.paused === true) return still
  const subject = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  const becomes = (status: Condition['status'], reason: string, words: string): Condition =>
    updated({ type: 'Progressing', status, reason, message: `${subject} ${words}` }, now)

  // Was complete and has only its own pods: pods that come and go are no new rollout.
  if (counts.replicas === counts.updatedReplicas && before?.reason === 'NewReplicaSetAvailable') return still
  if (isComplete(deployment, counts)) {
    return { condition: becomes('True', 'NewReplicaSetAvailable', 'has successfully progressed.'), wakeAt: undefined }
  }
  if (moved(deployment.status, counts) || !before || before.reason === 'NewReplicaSetAvailable') {
    const condition = becomes('True', 'ReplicaSetUpdated', 'is progressing.')
    return { condition, wakeAt: deadline(deployment, condition) }
  }
  if (before.reason === 'ProgressDeadlineExceeded') return still
  const due = deadline(deployment, before)
  return due <= now
    ? { condition: becomes('False', 'ProgressDeadlineExceeded', 'has timed out progressing.'), wakeAt: undefined }
    : { condition: before, wakeAt: due }
}

/** A rollout that is paused cannot miss its deadline, and gets all of it again when it is resumed. */
function pauseCondition(
  { spec }: Deployment,
  { before, now }: { before: Condition | undefined; now: number },
): Condition | undefined {
  if (before?.reason === 'ProgressDeadlineExceeded') return undefined
  const wasPaused = before?.reason === 'DeploymentPaused'
  if (spec.paused === true && !wasPaused) {
    const message = 'Deployment is paused'
    return updated({ type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message }, now)
  }
  if (spec.paused !== true && wasPaused) {
    const message = 'Deployment is resumed'
    return updated({ type: 'Progressing', status: 'Unknown', reason: 'DeploymentResumed', message }, now)
  }
  return undefined
}

function updated(condition: Condition, now: number): Condition {
  return { ...condition, lastUpdateTime: toTime(now) }
}

function deadline({ spec }: Deployment, condition: Condition): number {
  return fromTime(condition.lastUpdateTime ?? '') + spec.progressDeadlineSeconds * 1000
}

/** Whether new pods came, old ones went, or more became ready or available. */
function moved(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const grew = (field: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas') =>
    (after[field] ?? 0) > (before?.[field] ?? 0)
  return (
    grew('updatedReplicas') ||
    grew('readyReplicas') ||
    grew('availableReplicas') ||
    oldReplicas(after) < oldReplicas(before)
  )
}

function oldReplicas(status: DeploymentStatus | undefined): number {
  return (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0)
}

/** Everything the Deployment asks for is there and available, and nothing else. */
export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  return (
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  )
}

/** The status of a Deployment that starts a new generation: its deadline begins anew. */
export function createdCondition(
  deployment: Deployment,
  { current, now }: { current: ReplicaSet; now: number },
): DeploymentStatus {
  const message = `Created new replica set "${current.metadata.name}"`
  const condition = updated({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message }, now)
  return { ...deployment.status, conditions: withCondition(deployment.status?.conditions, condition, now) }
}
