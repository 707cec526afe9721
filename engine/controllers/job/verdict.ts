import { fromTime } from '../../api/time.ts'
import type { Job, Pod } from '../../api/types.ts'
import { conditionOf, isTrue } from '../../cluster/objects/conditions.ts'
import type { Tally } from './tally.ts'

/** What a Job has come to. The conditions are Kubernetes's: `before` while pods are still to end, `after` once none is left. */
export interface Verdict {
  readonly before: 'SuccessCriteriaMet' | 'FailureTarget'
  readonly after: 'Complete' | 'Failed'
  readonly reason: string
  readonly message: string
}

const completed: Verdict = {
  before: 'SuccessCriteriaMet',
  after: 'Complete',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
}
const failed = { before: 'FailureTarget', after: 'Failed' } as const
const overLimit: Verdict = {
  ...failed,
  reason: 'BackoffLimitExceeded',
  message: 'Job has reached the specified backoff limit',
}
const overdue: Verdict = {
  ...failed,
  reason: 'DeadlineExceeded',
  message: 'Job was active longer than specified deadline',
}

export interface Given {
  readonly job: Job
  readonly tally: Tally
  readonly now: number
}

interface Rule {
  readonly when: (given: Given) => boolean
  readonly verdict: Verdict
}

/** First match wins. */
const rules: readonly Rule[] = [
  { when: ({ job, tally }) => tally.failed > job.spec.backoffLimit, verdict: overLimit },
  { when: restartsTooOften, verdict: overLimit },
  { when: ({ job, now }) => (deadlineOf(job) ?? Infinity) <= now, verdict: overdue },
  { when: isDone, verdict: completed },
]

/** Undefined: it goes on. What was decided once stays so, whatever the last pods do. */
export function verdictOf(given: Given): Verdict | undefined {
  const { conditions } = given.job.status ?? {}
  const decided = [completed, failed].find(({ before }) => isTrue(conditions, before))
  if (!decided) return rules.find(({ when }) => when(given))?.verdict
  const { reason = '', message = '' } = conditionOf(conditions, decided.before) ?? {}
  return { ...decided, reason, message }
}

/** When a Job is over that still runs then; a suspended one's time stands still. */
export function deadlineOf({ spec, status }: Job): number | undefined {
  if (spec.suspend || spec.activeDeadlineSeconds === undefined || status?.startTime === undefined) return undefined
  return fromTime(status.startTime) + spec.activeDeadlineSeconds * 1000
}

/** Containers that are restarted in their pods count too. A limit of 0 allows none. */
function restartsTooOften({ job: { spec }, tally: { active } }: Given): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false
  const restarts = active.reduce((sum, pod) => sum + restartsOf(pod), 0)
  return restarts >= Math.max(1, spec.backoffLimit)
}

function restartsOf({ status }: Pod): number {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return containers.reduce((sum, { restartCount }) => sum + restartCount, 0)
}

/** Without completions the first success says that there is no more work; the pods that are at it finish theirs. */
function isDone({ job: { spec }, tally: { succeeded, active } }: Given): boolean {
  if (spec.completions !== undefined) return succeeded >= spec.completions
  return succeeded > 0 && active.length === 0
}
