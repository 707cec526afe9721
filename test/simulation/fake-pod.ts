import type { Pod, PodStatus } from '../../engine/api/types.ts'
import { toTime } from '../../engine/api/time.ts'
import { drainedCondition, type PodReport } from '../../engine/protocol/session.ts'

/** A pod of which something runs on a node. */
export interface RunningPod {
  readonly pod: Pod
  readonly ip: string
  ready: boolean
  /** When its readiness last changed. */
  changedAt: number
  stopping: boolean
}

/** A pod of a bad image never starts. */
export function startsAtAll({ spec }: Pod): boolean {
  return spec.containers[0]?.image?.startsWith('good') === true
}

export function isToldToStop({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined
}

/** No proxy sends the pod new connections any more, says the engine. */
export function isDrained({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === drainedCondition && is === 'True') === true
}

export function statusReport({ metadata }: Pod, status: PodStatus): PodReport {
  const { uid = '', namespace = '', name } = metadata
  return { uid, namespace, name, status }
}

export function goneReport({ metadata }: Pod): PodReport {
  const { uid = '', namespace = '', name } = metadata
  return { uid, namespace, name, gone: true }
}

export function statusOf({ pod, ip, ready, changedAt }: RunningPod): PodStatus {
  const good = startsAtAll(pod)
  const state = good ? { running: { startedAt: toTime(changedAt) } } : { waiting: { reason: 'ImagePullBackOff' } }
  return {
    phase: good ? 'Running' : 'Pending',
    podIP: ip,
    conditions: readiness(ready, changedAt),
    containerStatuses: [{ ...containerOf(pod), ready, state }],
  }
}

/** A pod none of whose containers will run again. */
export function endedStatus(
  { pod, ip }: RunningPod,
  { phase, now }: { phase: 'Succeeded' | 'Failed'; now: number },
): PodStatus {
  const finishedAt = toTime(now)
  const ended = phase === 'Succeeded' ? { exitCode: 0, reason: 'Completed' } : { exitCode: 137, reason: 'Error' }
  return {
    phase,
    podIP: ip,
    conditions: readiness(false, now),
    containerStatuses: [
      { ...containerOf(pod), ready: false, state: { terminated: { ...ended, startedAt: finishedAt, finishedAt } } },
    ],
  }
}

function readiness(ready: boolean, since: number): NonNullable<PodStatus['conditions']> {
  const status = ready ? 'True' : 'False'
  const lastTransitionTime = toTime(since)
  return [
    { type: 'Ready', status, lastTransitionTime },
    { type: 'ContainersReady', status, lastTransitionTime },
  ]
}

function containerOf({ spec }: Pod) {
  const image = spec.containers[0]?.image ?? ''
  return { name: 'main', image, imageID: image, restartCount: 0 }
}
