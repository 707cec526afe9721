import { expect, test } from 'vitest'
import type { PodDisruptionBudget } from '../../api/types.ts'
import { allowance } from './budget.ts'

interface Case {
  readonly name: string
  readonly spec: PodDisruptionBudget['spec']
  readonly pods?: number
  readonly scale: number
  readonly healthy: number
  /** expectedPods, desiredHealthy, disruptionsAllowed. */
  readonly expected: readonly [number, number, number]
}

test.each<Case>([
  { name: 'two must stay', spec: { minAvailable: 2 }, scale: 3, healthy: 3, expected: [3, 2, 1] },
  {
    name: 'a number counts the pods that are there',
    spec: { minAvailable: 2 },
    pods: 4,
    scale: 3,
    healthy: 4,
    expected: [4, 2, 2],
  },
  { name: 'just as many as must stay', spec: { minAvailable: 3 }, scale: 3, healthy: 3, expected: [3, 3, 0] },
  { name: 'fewer than must stay', spec: { minAvailable: 3 }, scale: 3, healthy: 1, expected: [3, 3, 0] },
  { name: 'half of seven, rounded up', spec: { minAvailable: '50%' }, scale: 7, healthy: 7, expected: [7, 4, 3] },
  { name: 'all of them', spec: { minAvailable: '100%' }, scale: 3, healthy: 3, expected: [3, 3, 0] },
  { name: 'one may be away', spec: { maxUnavailable: 1 }, scale: 3, healthy: 3, expected: [3, 2, 1] },
  { name: 'one is away already', spec: { maxUnavailable: 1 }, scale: 3, healthy: 2, expected: [3, 2, 0] },
  {
    name: 'half of seven may be away, rounded up',
    spec: { maxUnavailable: '50%' },
    scale: 7,
    healthy: 7,
    expected: [7, 3, 4],
  },
  { name: 'none may be away', spec: { maxUnavailable: 0 }, scale: 3, healthy: 3, expected: [3, 3, 0] },
  { name: 'more may be away than there are', spec: { maxUnavailable: 5 }, scale: 3, healthy: 3, expected: [3, 0, 3] },
  {
    name: 'pods without a controller have no scale',
    spec: { maxUnavailable: 1 },
    pods: 2,
    scale: 0,
    healthy: 2,
    expected: [0, 0, 0],
  },
  { name: 'a budget that says nothing', spec: {}, scale: 3, healthy: 3, expected: [0, 0, 0] },
  { name: 'nothing selected', spec: { minAvailable: 0 }, pods: 0, scale: 0, healthy: 0, expected: [0, 0, 0] },
])('$name', ({ spec, scale, pods = scale, healthy, expected: [expectedPods, desiredHealthy, disruptionsAllowed] }) => {
  const expected = { expectedPods, currentHealthy: healthy, desiredHealthy, disruptionsAllowed }
  expect(allowance(spec, { pods, scale, healthy })).toEqual(expected)
})
