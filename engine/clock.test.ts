import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { clockTrouble, createClock } from './clock.ts'

const noon = Date.parse('2030-01-01T12:00:00Z')
const second = 1000

beforeEach(() => void vi.useFakeTimers({ now: noon }))
afterEach(() => void vi.useRealTimers())

test.each([
  { name: 'recorded a day ago', recordedAt: noon - 86_400 * second, told: false },
  { name: 'recorded now', recordedAt: noon, told: false },
  { name: 'a minute ahead, as clocks of two machines may be', recordedAt: noon + 59 * second, told: false },
  { name: 'more than a minute ahead', recordedAt: noon + 60 * second, told: true },
])('a record that was $name: told is $told', ({ recordedAt, told }) => {
  expect(clockTrouble(recordedAt, noon) !== undefined).toBe(told)
})

test('a clock that is behind the record is told, with both times and what to do', () => {
  expect(clockTrouble(noon + 3600 * second, noon)).toBe(
    "this machine's clock says 2030-01-01 12:00:00 UTC, but the record goes on to 2030-01-01 13:00:00; times go on from " +
      'there. Set the clock right, then start Gantry again',
  )
})

test.each([
  { name: 'the machine', notBefore: noon - 3600 * second, begins: noon },
  { name: 'the record, where that is ahead', notBefore: noon + 3600 * second, begins: noon + 3600 * second },
])('begins with the time of $name', ({ notBefore, begins }) => {
  expect(createClock(notBefore)()).toBe(begins)
})

test('goes on evenly, whatever is done to the clock of the machine', () => {
  const now = createClock(0)
  vi.advanceTimersByTime(5 * second)
  vi.setSystemTime(noon - 86_400 * second)
  expect(now()).toBe(noon + 5 * second)
  vi.setSystemTime(noon + 86_400 * second)
  vi.advanceTimersByTime(second)
  expect(now()).toBe(noon + 6 * second)
})
