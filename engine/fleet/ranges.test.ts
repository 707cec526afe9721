import { expect, test } from 'vitest'
import { nextPodRange, rangesOf } from './ranges.ts'

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

test.each([
  { name: 'root', network: 'bridged', uid: 'ffffff00', expected: { pods: '10.244.0.0/16', services: '10.96.0.0/16' } },
  {
    name: 'the first place',
    network: 'loopback',
    uid: '00000000-',
    expected: { pods: '127.128.0.0/16', services: '127.64.0.0/16' },
  },
  {
    name: 'the last place',
    network: 'loopback',
    uid: '00003f-ff',
    expected: { pods: '127.191.0.0/16', services: '127.127.0.0/16' },
  },
] as const)('ranges: $name', ({ network, uid, expected }) => {
  expect(rangesOf(network, uid)).toEqual(expected)
})
