import { expect, test } from 'vitest'
import { shareOut } from './proportional-scaling.ts'

/** `[replicas, maxReplicas when last sized]`, oldest first. */
test.each([
  {
    name: 'grows in proportion',
    sets: [
      [8, 10],
      [2, 10],
    ],
    desired: 15,
    maxSurge: 0,
    becomes: [12, 3],
  },
  {
    name: 'shrinks in proportion',
    sets: [
      [8, 10],
      [2, 10],
    ],
    desired: 5,
    maxSurge: 0,
    becomes: [4, 1],
  },
  {
    name: 'the largest takes what rounding leaves',
    sets: [
      [5, 9],
      [4, 9],
    ],
    desired: 10,
    maxSurge: 0,
    becomes: [6, 4],
  },
  {
    name: 'among equals the newer grows',
    sets: [
      [5, 10],
      [5, 10],
    ],
    desired: 11,
    maxSurge: 0,
    becomes: [5, 6],
  },
  {
    name: 'among equals the older shrinks',
    sets: [
      [5, 10],
      [5, 10],
    ],
    desired: 9,
    maxSurge: 0,
    becomes: [4, 5],
  },
  {
    name: 'fills the surge',
    sets: [
      [3, 4],
      [1, 4],
    ],
    desired: 6,
    maxSurge: 2,
    becomes: [6, 2],
  },
  {
    name: 'to nothing',
    sets: [
      [3, 4],
      [1, 4],
    ],
    desired: 0,
    maxSurge: 0,
    becomes: [0, 0],
  },
  {
    name: 'nothing to add',
    sets: [
      [3, 5],
      [2, 5],
    ],
    desired: 4,
    maxSurge: 1,
    becomes: [3, 2],
  },
])('$name', ({ sets, becomes, ...size }) => {
  const scaled = sets.map(([replicas = 0, maxReplicas = 0], i) => ({
    name: `set${i}`,
    replicas,
    maxReplicas,
    createdAt: i,
  }))
  const shares = shareOut(scaled, size)
  expect(scaled.map(({ name }) => shares.get(name))).toEqual(becomes)
})
