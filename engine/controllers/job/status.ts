import { toTime } from '../../api/time.ts'
import type { Condition, Job, JobStatus } from '../../api/types.ts'
import { isTrue, withCondition } from '../../cluster/objects/conditions.ts'
import { isReady } from '../../cluster/objects/pod-state.ts'
import type { Tally } from './tally.ts'
import type { Verdict } from './verdict.ts'

export interface Course {
  readonly tally: Tally
  readonly verdict: Verdict | undefined
  readonly now: number
}

export function jobStatus(job: Job, { tally, verdict, now }: Course): JobStatus {
  const conditions = conditionsOf(job, { tally, verdict, now })
  const startTime = startOf(job, now)
  const { active, terminating, succeeded, failed } = tally
  return {
    ...(startTime === undefined ? {} : { startTime }),
    ...(isTrue(conditions, 'Complete') ? { completionTime: toTime(now) } : {}),
    ...(active.length === 0 ? {} : { active: active.length }),
    ready: active.filter(isReady).length,
    terminating: terminating.length,
    ...(succeeded === 0 ? {} : { succeeded }),
    ...(failed === 0 ? {} : { failed }),
    ...(conditions.length === 0 ? {} : { conditions }),
  }
}

/** A Job that is resumed begins its time anew. */
function startOf({ spec, status }: Job, now: number): string | undefined {
  if (spec.suspend) return undefined
  return isTrue(status?.conditions, 'Suspended') ? toTime(now) : (status?.startTime ?? toTime(now))
}

function conditionsOf({ spec, status }: Job, { tally, verdict, now }: Course): readonly Condition[] {
  const before = status?.conditions ?? []
  const told = (conditions: readonly Condition[], condition: Condition) => withCondition(conditions, condition, now)
  if (verdict) {
    const { reason, message } = verdict
    const decided = told(before, { type: verdict.before, status: 'True', reason, message })
    const isOver = tally.active.length === 0 && tally.terminating.length === 0
    return isOver ? told(decided, { type: verdict.after, status: 'True', reason, message }) : decided
  }
  if (spec.suspend)
    return told(before, { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' })
  if (!isTrue(before, 'Suspended')) return before
  return told(before, { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' })
}
