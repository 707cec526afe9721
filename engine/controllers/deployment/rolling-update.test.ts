import { expect, test } from 'vitest'
import { rollingStep } from './rolling-update.ts'

/** `[replicas, available]` of each ReplicaSet, the old ones oldest first. */
type Size = readonly [number, number]
interface Case {
  readonly name: string
  readonly desired: number
  readonly maxSurge: number
  readonly maxUnavailable: number
  readonly old: readonly Size[]
  readonly current: Size
  readonly becomes: Readonly<Record<string, number>>
}

const cases: readonly Case[] = [
  {
    name: 'surges by one first',
    desired: 3,
    maxSurge: 1,
    maxUnavailable: 0,
    old: [[3, 3]],
    current: [0, 0],
    becomes: { new: 1 },
  },
  {
    name: 'waits for the surge to be available',
    desired: 3,
    maxSurge: 1,
    maxUnavailable: 0,
    old: [[3, 3]],
    current: [1, 0],
    becomes: {},
  },
  {
    name: 'then takes one old',
    desired: 3,
    maxSurge: 1,
    maxUnavailable: 0,
    old: [[3, 3]],
    current: [1, 1],
    becomes: { old0: 2 },
  },
  {
    name: 'without surge takes one old first',
    desired: 3,
    maxSurge: 0,
    maxUnavailable: 1,
    old: [[3, 3]],
    current: [0, 0],
    becomes: { old0: 2 },
  },
  {
    name: 'and then makes a new one',
    desired: 3,
    maxSurge: 0,
    maxUnavailable: 1,
    old: [[2, 2]],
    current: [0, 0],
    becomes: { new: 1 },
  },
  {
    name: 'takes what is broken first, from whichever is oldest',
    desired: 4,
    maxSurge: 1,
    maxUnavailable: 1,
    old: [
      [2, 0],
      [3, 3],
    ],
    current: [0, 0],
    becomes: { old0: 0 },
  },
  {
    name: 'never an available one below the floor',
    desired: 4,
    maxSurge: 0,
    maxUnavailable: 1,
    old: [[4, 3]],
    current: [0, 0],
    becomes: { old0: 3 },
  },
  {
    name: 'broken new ones keep old ones alive',
    desired: 3,
    maxSurge: 1,
    maxUnavailable: 1,
    old: [[2, 2]],
    current: [2, 0],
    becomes: {},
  },
  {
    name: 'all at once where everything may go',
    desired: 3,
    maxSurge: 3,
    maxUnavailable: 3,
    old: [[3, 3]],
    current: [3, 0],
    becomes: { old0: 0 },
  },
  {
    name: 'the oldest generation goes first',
    desired: 4,
    maxSurge: 1,
    maxUnavailable: 0,
    old: [
      [1, 1],
      [3, 3],
    ],
    current: [1, 1],
    becomes: { old0: 0 },
  },
  {
    name: 'a new ReplicaSet that is too large shrinks',
    desired: 2,
    maxSurge: 1,
    maxUnavailable: 0,
    old: [],
    current: [3, 3],
    becomes: { new: 2 },
  },
  {
    name: 'nothing left to do',
    desired: 3,
    maxSurge: 1,
    maxUnavailable: 0,
    old: [[0, 0]],
    current: [3, 3],
    becomes: {},
  },
]

test.each(cases)('$name', ({ old, current, becomes, ...limits }) => {
  const rollout = {
    ...limits,
    current: { name: 'new', replicas: current[0], available: current[1] },
    old: old.map(([replicas, available], i) => ({ name: `old${i}`, replicas, available })),
  }
  expect(Object.fromEntries(rollingStep(rollout))).toEqual(becomes)
})
