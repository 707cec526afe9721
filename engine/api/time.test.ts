import { expect, test } from 'vitest'
import { fromTime, toTime } from './time.ts'

test('whole seconds, in UTC', () => {
  expect(toTime(Date.UTC(2026, 10, 20, 19, 8, 9, 999))).toBe('2026-11-20T19:08:09Z')
  expect(fromTime('2026-11-20T19:08:09Z')).toBe(Date.UTC(2026, 10, 20, 19, 8, 9))
  expect(fromTime('2026-11-20T20:08:09.5+01:00')).toBe(Date.UTC(2026, 10, 20, 19, 8, 9, 500))
  expect(fromTime('never')).toBeNaN()
})
