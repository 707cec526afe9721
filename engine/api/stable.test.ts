import { expect, test } from 'vitest'
import { canonicalJson, equal, templateHash } from './stable.ts'

test.each<{ name: string; a: unknown; b: unknown; same: boolean }>([
  { name: 'keys in another order', a: { x: 1, y: [2] }, b: { y: [2], x: 1 }, same: true },
  { name: 'items in another order', a: [1, 2], b: [2, 1], same: false },
  { name: 'undefined is absent', a: { x: 1, y: undefined }, b: { x: 1 }, same: true },
  { name: 'null is not', a: { x: null }, b: {}, same: false },
  { name: 'a list is no object', a: [], b: {}, same: false },
  { name: 'text is no number', a: '1', b: 1, same: false },
  { name: 'a key of the prototype', a: { toString: 1 }, b: { valueOf: 1 }, same: false },
])('$name', ({ a, b, same }) => {
  expect(equal(a, b)).toBe(same)
  expect(canonicalJson(a) === canonicalJson(b)).toBe(same)
  expect(templateHash(a) === templateHash(b)).toBe(same)
})

test('canonical text', () => {
  expect(canonicalJson({ b: [1, 'x', null, { d: true, c: undefined }], a: 'ü' })).toBe(
    '{"a":"ü","b":[1,"x",null,{"d":true}]}',
  )
})

test('a hash stays what it is from release to release: it names running pods', () => {
  expect(templateHash({ spec: { containers: [{ name: 'web', image: 'web:1' }] } })).toBe('58q6p8hbxp')
  expect(templateHash(null)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/)
})

test('hashes of like templates spread', () => {
  const hashes = new Set(Array.from({ length: 20_000 }, (_, i) => templateHash({ image: `web:${i}` })))
  expect(hashes.size).toBe(20_000)
})
