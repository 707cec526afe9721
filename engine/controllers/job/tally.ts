import type { Job, Pod } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change } from '../../cluster/view.ts'
import { isBeingDeleted, isControlledBy } from '../../cluster/objects/ownership.ts'
import { isActive, isFinished } from '../../cluster/objects/pod-state.ts'

/**
 * Stands on a pod until its end is counted in the Job's status. Both change in one step and so in one record commit: an
 * end is counted once, and not forgotten when the pod goes.
 */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'

export interface Tally {
  readonly active: readonly Pod[]
  /** Told to stop, and still there. */
  readonly terminating: readonly Pod[]
  readonly finished: readonly Pod[]
  /** Of all pods that there ever were. */
  readonly succeeded: number
  readonly failed: number
  /** What marks the newly counted as counted. */
  readonly changes: readonly Change[]
}

/** Counts what became of a Job's pods. */
export function tallyOf(cluster: IndexedView, job: Job): Tally {
  const pods = cluster.ownedBy('Pod', job.metadata.uid ?? '').filter(pod => isControlledBy(pod, job))
  const uncounted = pods.filter(isUncounted)
  const succeeded = uncounted.filter(pod => pod.status?.phase === 'Succeeded')
  const failed = uncounted.filter(pod => hasFailed(pod, job))
  return {
    active: pods.filter(isActive),
    terminating: pods.filter(pod => isBeingDeleted(pod) && !isFinished(pod)),
    finished: pods.filter(isFinished),
    succeeded: (job.status?.succeeded ?? 0) + succeeded.length,
    failed: (job.status?.failed ?? 0) + failed.length,
    changes: [...succeeded, ...failed].map(pod => ({ kind: 'put', object: counted(pod) })),
  }
}

export function isUncounted({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) === true
}

/** The pod, of whose end nothing is to be counted any more. */
export function counted(pod: Pod): Pod {
  const { finalizers = [], ...metadata } = pod.metadata
  const left = finalizers.filter(name => name !== trackingFinalizer)
  return { ...pod, metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left } }
}

/** One that is told to stop before its end has failed, unless the Job waits for that end. */
function hasFailed(pod: Pod, { spec }: Job): boolean {
  if (isFinished(pod)) return pod.status?.phase === 'Failed'
  return isBeingDeleted(pod) && spec.podReplacementPolicy === 'TerminatingOrFailed'
}
