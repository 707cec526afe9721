import { expect, test } from 'vitest'
import { nextPodRange, rangesOf } from './ranges.ts'

test.each([
  { name: 'the first node', taken: [], range: '10.244.0.0/24' },
  { name: 'the next one', taken: ['10.244.0.0/24'], range: '10.244.1.0/24' },
  { name: 'a gap is filled', taken: ['10.244.0.0/24', '10.244.2.0/24'], range: '10.244.1.0/24' },
  { name: 'the 257th node', taken: ranges(256), range: '10.245.0.0/24' },
  { name: 'the last node', taken: ranges(1023), range: '10.247.255.0/24' },
])('$name', ({ taken, range }) => {
  expect(nextPodRange('10.244.0.0/14', new Set(taken))).toBe(range)
})

test.each([
  { pods: '10.244.0.0/14', taken: ranges(1024), count: 1024 },
  { pods: '127.128.0.0/16', taken: ranges(256, '127', 128), count: 256 },
])('a full range is an error: $pods', ({ pods, taken, count }) => {
  expect(() => nextPodRange(pods, new Set(taken))).toThrow(`all ${count} ranges of ${pods} belong to nodes`)
})

/** So many, from the first on. */
function ranges(count: number, first = '10', second = 244): string[] {
  return Array.from({ length: count }, (_, place) => `${first}.${second + Math.floor(place / 256)}.${place % 256}.0/24`)
}

test.each([
  { name: 'root', network: 'bridged', uid: 'ffffff00', expected: { pods: '10.244.0.0/14', services: '10.96.0.0/16' } },
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
