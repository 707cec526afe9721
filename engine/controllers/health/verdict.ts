import { describeRef, refOf } from '../../api/reference.ts'
import type { Deployment, Job, KubeObject, Pod, Service } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import { conditionOf } from '../../cluster/objects/conditions.ts'
import { hasEnded } from '../../cluster/objects/job-state.ts'
import { generationsOf } from '../deployment/replica-sets.ts'
import { isReady, waitingReason } from '../../cluster/objects/pod-state.ts'
import { allocatedCondition, boundCondition } from '../service/reconcile.ts'

/** Why a desired object is not well; undefined where it is. */
export interface Ailment {
  /** Broken, rather than on its way. */
  readonly failed: boolean
  /** `Deployment shop/web: 1/3 available`. */
  readonly words: string
}

export function ailmentOf(cluster: IndexedView, object: KubeObject): Ailment | undefined {
  const ref = refOf(object)
  const found = diagnosis(cluster, object)
  return found && { failed: found.failed, words: `${describeRef(ref)}: ${found.words}` }
}

function diagnosis(cluster: IndexedView, object: KubeObject): Ailment | undefined {
  switch (refOf(object).kind) {
    case 'Deployment':
      return deploymentAilment(cluster, object as Deployment)
    case 'Job':
      return jobAilment(cluster, object as Job)
    case 'Pod':
      return podAilment(object as Pod)
    case 'Service':
      return serviceAilment(object as Service)
    default:
      return undefined
  }
}

function deploymentAilment(cluster: IndexedView, deployment: Deployment): Ailment | undefined {
  const { spec, status, metadata } = deployment
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0, observedGeneration = 0 } = status ?? {}
  const timedOut = conditionOf(status?.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded'
  // A paused rollout is where its author wants it.
  const rolled = spec.paused === true || (updatedReplicas === spec.replicas && replicas === spec.replicas)
  const settled = rolled && observedGeneration >= (metadata.generation ?? 0)
  if (settled && availableReplicas >= spec.replicas && !timedOut) return undefined
  const counts =
    settled || spec.replicas === 0
      ? `${availableReplicas}/${spec.replicas} available`
      : `${updatedReplicas}/${spec.replicas} updated, ${availableReplicas}/${spec.replicas} available`
  const words = [counts, ...(timedOut ? ['progress deadline exceeded'] : []), ...podsReason(cluster, deployment)].join(
    '; ',
  )
  return { failed: timedOut, words }
}

/** A Job that is suspended is where its author wants it. */
function jobAilment(cluster: IndexedView, job: Job): Ailment | undefined {
  const { spec, status } = job
  const failure = ['Failed', 'FailureTarget'].map(type => conditionOf(status?.conditions, type)).find(found => found)
  if (failure) return { failed: true, words: [failure.message ?? 'failed', ...podsReason(cluster, job)].join('; ') }
  if (hasEnded(job) || spec.suspend) return undefined
  const counts = `${status?.succeeded ?? 0}/${spec.completions ?? 1} completed`
  const failures = status?.failed === undefined ? [] : [`${status.failed} failed`]
  return { failed: false, words: [counts, ...failures, ...podsReason(cluster, job)].join('; ') }
}

/** What the first of a Deployment's or Job's newest pods waits for. */
function podsReason(cluster: IndexedView, workload: Deployment | Job): string[] {
  const owner = workload.kind === 'Job' ? workload : generationsOf(cluster, workload).current
  const [pod] = owner ? cluster.waitingPods(owner.metadata.uid ?? '') : []
  return pod ? [`pod ${pod.metadata.name}: ${waitingReason(pod)}`] : []
}

function podAilment(pod: Pod): Ailment | undefined {
  const phase = pod.status?.phase ?? 'Pending'
  if (phase === 'Succeeded' || (phase === 'Running' && isReady(pod))) return undefined
  const reason = waitingReason(pod)
  const words = reason ?? (phase === 'Running' ? 'not ready' : phase)
  return { failed: phase === 'Failed', words }
}

function serviceAilment({ status }: Service): Ailment | undefined {
  const wrong = [allocatedCondition, boundCondition]
    .map(type => conditionOf(status?.conditions, type))
    .find(condition => condition?.status === 'False')
  return wrong && { failed: true, words: wrong.message ?? wrong.type }
}
