import { expect, test } from 'vitest'
import { type Backoff, nextBackoff, retryAt } from './backoff.ts'

test('the first retry is immediate, then 10 s doubling to 300 s', () => {
  const waits: number[] = []
  let backoff: Backoff | undefined
  let now = 0
  for (let failure = 0; failure < 8; failure++) {
    const failedAt = now + 1_000
    const due = retryAt(backoff, failedAt)
    waits.push((due - failedAt) / 1000)
    backoff = nextBackoff(backoff, { failedAt, now: due })
    now = due
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
})

test('who did not fail for ten minutes starts afresh', () => {
  const long: Backoff = { delayMs: 300_000, updatedAt: 0 }
  expect([retryAt(long, 600_000), retryAt(long, 600_001)]).toEqual([900_000, 600_001])
  expect(nextBackoff(long, { failedAt: 600_001, now: 600_002 })).toEqual({ delayMs: 10_000, updatedAt: 600_002 })
})
