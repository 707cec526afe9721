import { array, assert, constantFrom, property } from 'fast-check'
import { expect, test } from 'vitest'
import { changedRange } from './changed-range.ts'

test.each<{ name: string; before: string; after: string; is: [start: number, oldEnd: number, newEnd: number] }>([
  { name: 'nothing', before: 'abc', after: 'abc', is: [3, 3, 3] },
  { name: 'one item for another', before: 'abc', after: 'axc', is: [1, 2, 2] },
  { name: 'one that came', before: 'abc', after: 'abxc', is: [2, 2, 3] },
  { name: 'one that went', before: 'abc', after: 'ac', is: [1, 2, 1] },
  { name: 'one of several that are alike', before: 'aaa', after: 'aa', is: [2, 3, 2] },
  { name: 'everything', before: 'ab', after: 'xyz', is: [0, 2, 3] },
  { name: 'from nothing', before: '', after: 'ab', is: [0, 0, 2] },
])('$name', ({ before, after, is: [start, oldEnd, newEnd] }) => {
  expect(changedRange([...before], [...after])).toEqual({ start, oldEnd, newEnd })
})

test('the second list is the first with the range replaced', () => {
  const letters = array(constantFrom('a', 'b', 'c'), { maxLength: 8 })
  assert(
    property(letters, letters, (before, after) => {
      const { start, oldEnd, newEnd } = changedRange(before, after)
      expect(before.toSpliced(start, oldEnd - start, ...after.slice(start, newEnd))).toEqual(after)
    }),
  )
})
