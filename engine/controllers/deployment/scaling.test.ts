import { expect, test } from 'vitest'
import type { ReplicaSet } from '../../api/types.ts'
import { deploymentObject, podSpec } from '../../cluster/objects/objects.fixture.ts'
import { desiredAnnotation, maxAnnotation } from './replica-sets.ts'
import { scaleTo } from './scaling.ts'

/** Sized for 4 replicas with a surge of 4; the last one is the current one. */
function replicaSet([replicas, availableReplicas]: readonly [number, number], index: number): ReplicaSet {
  const annotations = { [desiredAnnotation]: '4', [maxAnnotation]: '8' }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `rs${index}`, annotations, creationTimestamp: `2026-11-20T00:00:0${index}Z` },
    spec: { replicas, selector: {}, template: { spec: podSpec() } },
    status: { replicas, availableReplicas },
  }
}

interface Case {
  readonly name: string
  /** `[replicas, available]`, oldest first. */
  readonly sets: readonly (readonly [number, number])[]
  readonly desired: number
  readonly maxUnavailable?: number
  readonly becomes: readonly number[]
}

test.each<Case>([
  {
    name: 'all available: in proportion',
    sets: [
      [4, 4],
      [4, 4],
    ],
    desired: 2,
    becomes: [2, 2],
  },
  {
    name: 'few available: they stay',
    sets: [
      [2, 2],
      [2, 0],
      [4, 0],
    ],
    desired: 2,
    becomes: [2, 1, 2],
  },
  {
    name: 'down to the floor',
    sets: [
      [2, 2],
      [2, 0],
      [4, 0],
    ],
    desired: 2,
    maxUnavailable: 1,
    becomes: [1, 1, 2],
  },
  {
    name: 'fewer available than the floor',
    sets: [
      [4, 1],
      [4, 0],
    ],
    desired: 2,
    becomes: [2, 2],
  },
  {
    name: 'up: nothing to keep',
    sets: [
      [4, 0],
      [4, 0],
    ],
    desired: 6,
    becomes: [6, 6],
  },
])('$name', ({ sets, desired, maxUnavailable = 0, becomes }) => {
  const deployment = deploymentObject({
    replicas: desired,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable } },
  })
  const all = sets.map(replicaSet)
  const sizes = scaleTo(deployment, { current: all.at(-1), old: all.slice(0, -1) })
  expect(all.map(({ metadata, spec }) => sizes.get(metadata.name) ?? spec.replicas)).toEqual(becomes)
})
