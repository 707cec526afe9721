import { expect, test } from 'vitest'
import { deploymentObject } from '../../cluster/objects/objects.fixture.ts'
import { fenceposts } from './fenceposts.ts'

test.each([
  { name: 'numbers stay', replicas: 10, surge: 2, unavailable: 3, maxSurge: 2, maxUnavailable: 3 },
  {
    name: 'surge rounds up, unavailability down',
    replicas: 3,
    surge: '25%',
    unavailable: '25%',
    maxSurge: 1,
    maxUnavailable: 0,
  },
  {
    name: 'a share that needs no rounding',
    replicas: 8,
    surge: '25%',
    unavailable: '25%',
    maxSurge: 2,
    maxUnavailable: 2,
  },
  { name: 'both 0 would never move', replicas: 3, surge: 0, unavailable: 0, maxSurge: 0, maxUnavailable: 1 },
  { name: 'both 0 by rounding', replicas: 3, surge: 0, unavailable: '10%', maxSurge: 0, maxUnavailable: 1 },
  { name: 'no more unavailable than there are', replicas: 2, surge: 1, unavailable: 5, maxSurge: 1, maxUnavailable: 2 },
  { name: 'no replicas', replicas: 0, surge: '25%', unavailable: '25%', maxSurge: 0, maxUnavailable: 0 },
  { name: 'all at once', replicas: 4, surge: '100%', unavailable: '100%', maxSurge: 4, maxUnavailable: 4 },
])('$name', ({ replicas, surge, unavailable, maxSurge, maxUnavailable }) => {
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } } as const
  expect(fenceposts(deploymentObject({ replicas, strategy }))).toEqual({ maxSurge, maxUnavailable })
})

test('Recreate neither surges nor has a floor', () => {
  expect(fenceposts(deploymentObject({ replicas: 4, strategy: { type: 'Recreate' } }))).toEqual({
    maxSurge: 0,
    maxUnavailable: 0,
  })
})
