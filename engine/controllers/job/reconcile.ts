import { sourceAnnotation } from '../../api/manifest.ts'
import type { Key } from '../../api/reference.ts'
import { keyOf, refOf } from '../../api/reference.ts'
import { fromTime } from '../../api/time.ts'
import type { Condition, Job, Pod } from '../../api/types.ts'
import { type Decision, earliest, nothing, waking } from '../../cluster/decision.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import { isTrue } from '../../cluster/objects/conditions.ts'
import { withIdentity } from '../../cluster/objects/job-identity.ts'
import { endOf } from '../../cluster/objects/job-state.ts'
import { controllerReference, isBeingDeleted } from '../../cluster/objects/ownership.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { generatedName } from '../names.ts'
import { deletePod } from '../pod/deletion.ts'
import { qosClass } from '../pod/qos.ts'
import { firstToDelete } from '../replicaset/deletion-order.ts'
import { startAfter } from './backoff.ts'
import { jobStatus } from './status.ts'
import { counted, type Tally, tallyOf, trackingFinalizer } from './tally.ts'
import { deadlineOf, type Verdict, verdictOf } from './verdict.ts'

/** Runs a Job's pods until enough of them have succeeded, too many have failed, or its time is over. */
export function reconcileJob(cluster: IndexedView, key: Key, env: Env): Decision {
  const found = cluster.get('Job', key)
  if (!found || isBeingDeleted(found)) return nothing
  const job = withIdentity(found)
  const tally = tallyOf(cluster, job)
  const end = endOf(job)
  if (end) return afterwards(job, { end, tally, env })
  const { now } = env
  const verdict = verdictOf({ job, tally, now })
  const next: Job = { ...job, status: jobStatus(job, { tally, verdict, now }) }
  const work = verdict ? stopAll(tally, { verdict, env }) : workOn(cluster, next, { tally, env })
  return waking(
    [...tally.changes, ...work.changes, { kind: 'put', object: next }, ...turningPoints(job, { next, verdict })],
    earliest(work.wakeAt, verdict ? undefined : deadlineOf(next)),
  )
}

/** What is over is not begun anew, so a Job that git still asks for stays, and only its pods go. */
function afterwards(job: Job, { end, tally, env }: { end: Condition; tally: Tally; env: Env }): Decision {
  const { ttlSecondsAfterFinished } = job.spec
  const changes = [...tally.changes]
  if (ttlSecondsAfterFinished === undefined) return { changes }
  const goesAt = fromTime(end.lastTransitionTime ?? '') + ttlSecondsAfterFinished * 1000
  if (goesAt > env.now) return waking(changes, goesAt)
  if (job.metadata.annotations?.[sourceAnnotation] === undefined)
    return { changes: [{ kind: 'delete', ref: refOf(job) }] }
  return { changes: [...changes, ...tally.finished.flatMap(pod => deletePod(counted(pod), env))] }
}

/** Of a Job that has failed, what still ran has failed too. */
function stopAll({ active }: Tally, { verdict, env }: { verdict: Verdict; env: Env }): Decision {
  const isDone = verdict.after === 'Complete'
  return { changes: active.flatMap(pod => deletePod(isDone ? counted(pod) : pod, env)) }
}

/** Starts or stops pods, so that as many work as there is work for. */
function workOn(cluster: IndexedView, job: Job, { tally, env }: { tally: Tally; env: Env }): Decision {
  const { active, terminating, finished } = tally
  const wanted = wantedPods(job, tally)
  const waitedFor = job.spec.podReplacementPolicy === 'Failed' ? terminating.length : 0
  const missing = wanted - active.length - waitedFor
  if (missing > 0) {
    const at = startAfter(finished)
    return at > env.now ? waking([], at) : { changes: createPods(cluster, job, { count: missing, env }) }
  }
  const surplus = firstToDelete(active, {
    count: Math.max(0, active.length - wanted),
    minReadySeconds: 0,
    now: env.now,
  })
  // Nobody failed who is stopped because there is nothing to do.
  return {
    changes: surplus.flatMap(pod => [
      ...deletePod(counted(pod), env),
      told(job, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` }),
    ]),
  }
}

function wantedPods({ spec }: Job, { succeeded, active }: Tally): number {
  if (spec.suspend) return 0
  if (spec.completions !== undefined) return Math.min(spec.parallelism, spec.completions - succeeded)
  return succeeded > 0 ? Math.min(spec.parallelism, active.length) : spec.parallelism
}

function createPods(cluster: IndexedView, job: Job, { count, env }: { count: number; env: Env }): Change[] {
  const names = new Set<string>()
  const taken = (name: string) =>
    names.has(name) || cluster.get('Pod', keyOf(name, job.metadata.namespace)) !== undefined
  return Array.from({ length: count }, () => {
    const name = generatedName(`${job.metadata.name}-`, { env, taken })
    names.add(name)
    return name
  }).flatMap(name => [
    { kind: 'put', object: podOf(job, name) } as const,
    told(job, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${name}` }),
  ])
}

function podOf(job: Job, name: string): Pod {
  const { metadata, spec } = job.spec.template
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${job.metadata.name}-`,
      ...(job.metadata.namespace === undefined ? {} : { namespace: job.metadata.namespace }),
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ownerReferences: [controllerReference(job)],
      finalizers: [trackingFinalizer],
    },
    spec,
    status: { phase: 'Pending', qosClass: qosClass(spec) },
  }
}

/** What people want to hear of: its end, its being suspended, its being resumed. */
function turningPoints(job: Job, { next, verdict }: { next: Job; verdict: Verdict | undefined }): Change[] {
  const becomes = (type: string) => !isTrue(job.status?.conditions, type) && isTrue(next.status?.conditions, type)
  if (verdict && becomes('Complete'))
    return [told(job, { type: 'Normal', reason: 'Completed', message: 'Job completed' })]
  if (verdict && becomes('FailureTarget')) return [told(job, { type: 'Warning', ...verdict })]
  if (becomes('Suspended')) return [told(job, { type: 'Normal', reason: 'Suspended', message: 'Job suspended' })]
  const isResumed = isTrue(job.status?.conditions, 'Suspended') && !isTrue(next.status?.conditions, 'Suspended')
  return isResumed ? [told(job, { type: 'Normal', reason: 'Resumed', message: 'Job resumed' })] : []
}

function told(
  job: Job,
  { type, reason, message }: { type: 'Normal' | 'Warning'; reason: string; message: string },
): Change {
  return { kind: 'event', ref: refOf(job), type, reason, message, component: 'job-controller' }
}
