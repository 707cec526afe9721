import { sourceAnnotation } from '../../api/manifest.ts'
import { fromTime } from '../../api/time.ts'
import type { Pod } from '../../api/types.ts'
import { conditionOf, isTrue } from './conditions.ts'
import { controllerOf, isBeingDeleted } from './ownership.ts'

/** Ended for good: no container of it will be started again. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

/** Counts as one of its owner's replicas: neither ended nor told to stop. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !isBeingDeleted(pod)
}

export function isReady(pod: Pod): boolean {
  return isTrue(pod.status?.conditions, 'Ready')
}

/** When a ready pod counts as available: after minReadySeconds of readiness; undefined where it is not ready. */
export function availableAt(pod: Pod, minReadySeconds: number): number | undefined {
  const ready = conditionOf(pod.status?.conditions, 'Ready')
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds === 0 || ready.lastTransitionTime === undefined) return 0
  return fromTime(ready.lastTransitionTime) + minReadySeconds * 1000
}

export function isAvailable(pod: Pod, { minReadySeconds, now }: { minReadySeconds: number; now: number }): boolean {
  const at = availableAt(pod, minReadySeconds)
  return at !== undefined && at <= now
}

/** The branch itself binds the pod to its node, by `spec.nodeName`: no scheduler did, and it can be nowhere else. */
export function isPinned(pod: Pod): boolean {
  const { annotations } = pod.metadata
  if (pod.spec.nodeName === undefined || annotations?.[sourceAnnotation] === undefined) return false
  return controllerOf(pod) === undefined && !isTrue(pod.status?.conditions, 'PodScheduled')
}

/** States that every pod passes through on its way. */
const onTheWay: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

/** `ImagePullBackOff: …`, or why no node takes the pod; undefined where nothing is said to be wrong. */
export function waitingReason({ status }: Pod): string | undefined {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = containers.map(({ state }) => state.waiting).find(state => state && !onTheWay.has(state.reason))
  if (waiting) return waiting.message === undefined ? waiting.reason : `${waiting.reason}: ${waiting.message}`
  const scheduled = conditionOf(status?.conditions, 'PodScheduled')
  if (scheduled?.status === 'False') return scheduled.message
  if (status?.phase === 'Failed') return status.message ?? status.reason ?? 'failed'
  return undefined
}
