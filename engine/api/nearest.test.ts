import { expect, test } from 'vitest'
import { editDistance, nearest } from './nearest.ts'

test.each([
  ['imagee', 'image'],
  ['Image', 'image'],
  ['iamge', 'image'],
  ['comand', 'command'],
  ['port', 'ports'],
  ['volumemounts', 'volumeMounts'],
  ['replicas', undefined],
])('%s: %s', (word, expected) => {
  expect(nearest(word, ['name', 'image', 'command', 'args', 'ports', 'volumeMounts'])).toBe(expected)
})

test.each([
  ['', '', 0],
  ['a', '', 1],
  ['ab', 'ba', 1],
  ['kitten', 'sitting', 3],
  ['image', 'image', 0],
])('%s → %s is %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance)
})
