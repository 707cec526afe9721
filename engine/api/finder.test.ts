import { array, assert, constantFrom, property, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import { Finder } from './finder.ts'

const isSo = (item: { so: boolean }): boolean => item.so
const items = Array.from({ length: 12 }, (_, id) => ({ id, so: id % 3 === 0 }))

test('of list after list it finds what a look at each item finds', () => {
  const lists = array(uniqueArray(constantFrom(...items), { maxLength: items.length }), { maxLength: 6 })
  assert(
    property(lists, all => {
      const finder = new Finder(isSo)
      for (const list of all) expect(finder.in(list)).toEqual(new Set(list.filter(isSo)))
    }),
  )
})

test('it looks at no item that was there before', () => {
  const looked: number[] = []
  const finder = new Finder((item: (typeof items)[number]) => looked.push(item.id) > 0)
  finder.in(items)
  looked.length = 0
  const [first, , third, ...rest] = items
  finder.in([first, { id: 99, so: true }, third, ...rest] as typeof items)
  expect(looked).toEqual([99])
})
