import { expect, test } from 'vitest'
import { formatAge, formatDuration } from './age.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

test.each([
  [-5 * second, '<invalid>'],
  [-1 * second, '0s'],
  [999, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [2 * minute + 3 * second, '2m3s'],
  [10 * minute + 5 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 5 * minute, '3h5m'],
  [9 * hour + 5 * minute, '9h'],
  [47 * hour, '47h'],
  [2 * day + 3 * hour, '2d3h'],
  [8 * day + 3 * hour, '8d'],
  [729 * day, '729d'],
  [730 * day, '2y'],
  [3 * 365 * day + 40 * day, '3y40d'],
  [9 * 365 * day + 40 * day, '9y'],
])('%i ms is %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

test('an age is told from a moment', () => {
  expect(formatAge('2026-11-20T19:00:00Z', Date.parse('2026-11-20T19:01:30Z'))).toBe('90s')
  expect(formatAge(undefined, 0)).toBe('<unknown>')
})
