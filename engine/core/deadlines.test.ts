import { array, assert, constantFrom, nat, option, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { Deadlines } from './deadlines.ts'

test('the earliest comes first, ties by name, and a later word on an item counts', () => {
  const deadlines = new Deadlines()
  deadlines.set('b', 20)
  deadlines.set('a', 20)
  deadlines.set('c', 10)
  deadlines.set('d', 5)
  deadlines.set('d', 30)
  deadlines.set('e', 15)
  deadlines.set('e', undefined)
  expect(deadlines.next()).toBe(10)
  expect(deadlines.due(20)).toEqual(['c', 'a', 'b'])
  expect(deadlines.next()).toBe(30)
  expect(deadlines.due(29)).toEqual([])
  expect(deadlines.due(30)).toEqual(['d'])
  expect(deadlines.next()).toBeUndefined()
})

test('an item that fell due may fall due again', () => {
  const deadlines = new Deadlines()
  deadlines.set('a', 10)
  deadlines.due(10)
  deadlines.set('a', 10)
  expect(deadlines.due(10)).toEqual(['a'])
})

test('in any order, what is due is what a sorted list says', () => {
  const settings = array(tuple(constantFrom('a', 'b', 'c', 'd', 'e'), option(nat(50), { nil: undefined })))
  assert(
    property(settings, nat(50), (all, now) => {
      const deadlines = new Deadlines()
      for (const [item, at] of all) deadlines.set(item, at)
      const last = [...new Map(all)].flatMap(([item, at]) => (at === undefined ? [] : [{ item, at }]))
      const sorted = last.sort((a, b) => a.at - b.at || (a.item < b.item ? -1 : 1))
      expect(deadlines.next()).toBe(sorted[0]?.at)
      expect(deadlines.due(now)).toEqual(sorted.filter(({ at }) => at <= now).map(({ item }) => item))
    }),
  )
})
