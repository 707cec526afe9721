import { expect, test } from 'vitest'
import type { Condition, Job, Pod, PodStatus } from '../../api/types.ts'
import { podObject, podSpec } from '../../cluster/objects/objects.fixture.ts'
import { startAfter } from './backoff.ts'
import type { Tally } from './tally.ts'
import { deadlineOf, verdictOf } from './verdict.ts'

const start = Date.UTC(2026, 10, 20)
const startTime = '2026-11-20T00:00:00Z'

function job(spec: Partial<Job['spec']> = {}, status: Job['status'] = { startTime }): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'seed', namespace: 'shop', uid: 'u1' },
    spec: {
      parallelism: 1,
      backoffLimit: 2,
      suspend: false,
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
      template: { spec: podSpec({ restartPolicy: 'Never' }) },
      ...spec,
    },
    status,
  }
}

function tally(counts: Partial<Tally> = {}): Tally {
  return { active: [], terminating: [], finished: [], succeeded: 0, failed: 0, changes: [], ...counts }
}

/** A pod whose container was restarted so often. */
function restarted(restartCount: number): Pod {
  const container = { name: 'main', state: {}, ready: true, restartCount, image: '', imageID: '' }
  return podObject('a', { status: { phase: 'Running', containerStatuses: [container] } })
}

function holding(type: string): Condition {
  return { type, status: 'True', reason: 'Because', message: 'of that' }
}
const onFailure = { template: { spec: podSpec({ restartPolicy: 'OnFailure' }) } }

test.each<{ name: string; job: Job; tally: Tally; after?: number; is: string | undefined }>([
  { name: 'has begun', job: job({ completions: 1 }), tally: tally(), is: undefined },
  { name: 'has enough successes', job: job({ completions: 2 }), tally: tally({ succeeded: 2 }), is: 'Complete' },
  { name: 'lacks one', job: job({ completions: 2 }), tally: tally({ succeeded: 1 }), is: undefined },
  { name: 'has nothing to do', job: job({ completions: 0 }), tally: tally(), is: 'Complete' },
  { name: 'shares out its work', job: job(), tally: tally({ succeeded: 1 }), is: 'Complete' },
  {
    name: 'shares out its work, and some are still at it',
    job: job(),
    tally: tally({ succeeded: 1, active: [restarted(0)] }),
    is: undefined,
  },
  { name: 'has as many failures as it may', job: job(), tally: tally({ failed: 2 }), is: undefined },
  { name: 'has one more', job: job(), tally: tally({ failed: 3 }), is: 'BackoffLimitExceeded' },
  { name: 'may not fail', job: job({ backoffLimit: 0 }), tally: tally({ failed: 1 }), is: 'BackoffLimitExceeded' },
  {
    name: 'restarts its containers as often as it may',
    job: job(onFailure),
    tally: tally({ active: [restarted(1)] }),
    is: undefined,
  },
  {
    name: 'restarts them once more, over all pods',
    job: job(onFailure),
    tally: tally({ active: [restarted(1), restarted(1)] }),
    is: 'BackoffLimitExceeded',
  },
  {
    name: 'may not restart them at all, and has not',
    job: job({ ...onFailure, backoffLimit: 0 }),
    tally: tally({ active: [restarted(0)] }),
    is: undefined,
  },
  {
    name: 'makes new pods, whose restarts are not its own',
    job: job(),
    tally: tally({ active: [restarted(9)] }),
    is: undefined,
  },
  { name: 'is in time', job: job({ activeDeadlineSeconds: 60 }), tally: tally(), after: 59_999, is: undefined },
  { name: 'is late', job: job({ activeDeadlineSeconds: 60 }), tally: tally(), after: 60_000, is: 'DeadlineExceeded' },
  {
    name: 'is late and suspended',
    job: job({ activeDeadlineSeconds: 60, suspend: true }),
    tally: tally(),
    after: 60_000,
    is: undefined,
  },
  {
    name: 'was to fail, and its last pod succeeds',
    job: job({ completions: 1 }, { startTime, conditions: [holding('FailureTarget')] }),
    tally: tally({ succeeded: 1 }),
    is: 'Because',
  },
  {
    name: 'was complete, and its last pod fails',
    job: job({ backoffLimit: 0 }, { startTime, conditions: [holding('SuccessCriteriaMet')] }),
    tally: tally({ failed: 1 }),
    is: 'Complete',
  },
])('a Job that $name', ({ job: given, tally: counts, after = 0, is }) => {
  const verdict = verdictOf({ job: given, tally: counts, now: start + after })
  expect(verdict?.after === 'Complete' ? 'Complete' : verdict?.reason).toBe(is)
})

test.each([
  { name: 'none', spec: {}, status: { startTime }, at: undefined },
  { name: 'from its start', spec: { activeDeadlineSeconds: 60 }, status: { startTime }, at: start + 60_000 },
  { name: 'not begun', spec: { activeDeadlineSeconds: 60 }, status: {}, at: undefined },
])('deadline: $name', ({ spec, status, at }) => {
  expect(deadlineOf(job(spec, status))).toBe(at)
})

function ended(phase: PodStatus['phase'], seconds: number): Pod {
  const finishedAt = new Date(start + seconds * 1000).toISOString()
  const terminated = { exitCode: 0, reason: '', startedAt: startTime, finishedAt }
  const container = { name: 'main', state: { terminated }, ready: false, restartCount: 0, image: '', imageID: '' }
  return podObject('a', {
    metadata: { creationTimestamp: startTime },
    status: { phase, containerStatuses: [container] },
  })
}

test.each<{ name: string; ends: (readonly [PodStatus['phase'], number])[]; seconds: number | undefined }>([
  { name: 'at once', ends: [], seconds: undefined },
  { name: 'at once after a success', ends: [['Succeeded', 5]], seconds: undefined },
  { name: '10 s after a failure', ends: [['Failed', 5]], seconds: 15 },
  {
    name: '20 s after the second',
    ends: [
      ['Failed', 5],
      ['Failed', 20],
    ],
    seconds: 40,
  },
  {
    name: '10 s after the first since a success',
    ends: [
      ['Failed', 5],
      ['Succeeded', 20],
      ['Failed', 30],
    ],
    seconds: 40,
  },
  { name: 'never later than 6 min', ends: Array.from({ length: 12 }, (_, i) => ['Failed', i] as const), seconds: 371 },
])('the next pod starts $name', ({ ends, seconds }) => {
  const at = startAfter(ends.map(([phase, after]) => ended(phase, after)))
  expect(at).toBe(seconds === undefined ? 0 : start + seconds * 1000)
})

test('one that its node refused ended when it was made', () => {
  const refused = podObject('a', { metadata: { creationTimestamp: startTime }, status: { phase: 'Failed' } })
  expect(startAfter([refused])).toBe(start + 10_000)
})
