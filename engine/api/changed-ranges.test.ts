import { array, assert, constantFrom, property } from 'fast-check'
import { expect, test } from 'vitest'
import { changedRanges } from './changed-ranges.ts'

/** `b→x`: those items of the first list for those of the second. */
function inWords(before: readonly unknown[], after: readonly unknown[]): string[] {
  return [...changedRanges(before, after)].map(
    ({ oldStart, oldEnd, newStart, newEnd }) =>
      `${oldStart}: ${before.slice(oldStart, oldEnd).join('')}→${after.slice(newStart, newEnd).join('')}`,
  )
}

test.each<{ name: string; before: string; after: string; are: string[] }>([
  { name: 'nothing', before: 'abc', after: 'abc', are: [] },
  { name: 'one item for another', before: 'abc', after: 'axc', are: ['1: b→x'] },
  { name: 'one that came', before: 'abc', after: 'abxc', are: ['2: →x'] },
  { name: 'one that went', before: 'abc', after: 'ac', are: ['1: b→'] },
  { name: 'several', before: 'abcdefg', after: 'xbdeyzf', are: ['0: a→x', '2: c→', '5: →yz', '6: g→'] },
  { name: 'everything', before: 'ab', after: 'xyz', are: ['0: ab→xyz'] },
  { name: 'from nothing', before: '', after: 'ab', are: ['0: →ab'] },
])('$name', ({ before, after, are }) => {
  expect(inWords([...before], [...after])).toEqual(are)
})

test('beyond what is looked ahead the rest is one range', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => index)
  const changed = [...Array.from({ length: 300 }, (_, index) => -index - 1), ...many.slice(300, 900), -1_000]
  expect([...changedRanges(many, changed)]).toEqual([{ oldStart: 0, oldEnd: 1_000, newStart: 0, newEnd: 901 }])
})

test('the second list is the first with the ranges replaced', () => {
  const letters = array(constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 12 })
  assert(
    property(letters, letters, (before, after) => {
      const replaced = [...changedRanges(before, after)].reduceRight(
        (list, { oldStart, oldEnd, newStart, newEnd }) =>
          list.toSpliced(oldStart, oldEnd - oldStart, ...after.slice(newStart, newEnd)),
        before,
      )
      expect(replaced).toEqual(after)
    }),
  )
})
