import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { FlatMap } from './flat-map.ts'

test('gives what flatMap gives, whatever was asked before', () => {
  const pool = array(record({ name: constantFrom('a', 'b'), times: integer({ min: 0, max: 3 }) }), { maxLength: 6 })
  const picks = array(array(integer({ min: 0, max: 5 }), { maxLength: 10 }), { maxLength: 5 })
  assert(
    property(pool, picks, (from, asked) => {
      const read = ({ name, times }: { name: string; times: number }): string[] => Array(times).fill(name)
      const map = new FlatMap(read)
      for (const places of asked) {
        const list = places.flatMap(place => from[place] ?? [])
        expect(map.of(list)).toEqual(list.flatMap(read))
      }
    }),
  )
})

test('reads what came alone, and gives the same list while nothing did', () => {
  const read: string[] = []
  const map = new FlatMap((name: string) => {
    read.push(name)
    return [name, name]
  })
  const first = map.of(['a', 'b', 'c'])
  expect(map.of(['a', 'b', 'c'])).toBe(first)
  expect(map.of(['a', 'x', 'c'])).toEqual(['a', 'a', 'x', 'x', 'c', 'c'])
  expect(read).toEqual(['a', 'b', 'c', 'x'])
})
