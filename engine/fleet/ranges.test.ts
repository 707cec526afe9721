import { expect, test } from 'vitest'
import { nextPodRange } from './ranges.ts'

test.each([
  { name: 'the first node', taken: [], range: '10.244.0.0/24' },
  { name: 'the next one', taken: ['10.244.0.0/24'], range: '10.244.1.0/24' },
  { name: 'a gap is filled', taken: ['10.244.0.0/24', '10.244.2.0/24'], range: '10.244.1.0/24' },
])('$name', ({ taken, range }) => {
  expect(nextPodRange('10.244.0.0/16', new Set(taken))).toBe(range)
})

test('a full range is an error', () => {
  const all = Array.from({ length: 256 }, (_, third) => `10.244.${third}.0/24`)
  expect(() => nextPodRange('10.244.0.0/16', new Set(all))).toThrow('all 256 ranges')
})
