import { expect, test } from 'vitest'
import type { Pod } from '../../api/types.ts'
import { podObject, runningStatus } from '../../cluster/objects/objects.fixture.ts'
import { firstToDelete } from './deletion-order.ts'

const now = Date.UTC(2026, 10, 20, 0, 10)
const at = (minute: number) => `2026-11-20T00:0${minute}:00Z`
const bound = { nodeName: 'a' }
const ready = runningStatus({ readySince: at(1) })

function pod(name: string, given: Parameters<typeof podObject>[1] = {}): Pod {
  return podObject(name, {
    spec: bound,
    status: ready,
    ...given,
    metadata: { creationTimestamp: at(0), ...given.metadata },
  })
}

const restarted = (restartCount: number): Pod['status'] => ({
  ...ready,
  containerStatuses: [{ name: 'main', state: {}, ready: true, restartCount, image: 'web', imageID: 'web' }],
})

test.each<{ name: string; first: Pod; second: Pod }>([
  { name: 'not on a node', first: pod('z', { spec: {} }), second: pod('a') },
  {
    name: 'pending before running',
    first: pod('z', { status: { phase: 'Pending' } }),
    second: pod('a', { status: runningStatus() }),
  },
  { name: 'not ready', first: pod('z', { status: runningStatus() }), second: pod('a') },
  {
    name: 'ready but not available yet',
    first: pod('z', { status: runningStatus({ readySince: at(9) }), spec: { nodeName: 'b' } }),
    second: pod('a', { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } } }),
  },
  {
    name: 'cheaper',
    first: pod('z', { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } } }),
    second: pod('a'),
  },
  {
    name: 'ready for a shorter time',
    first: pod('z', { status: runningStatus({ readySince: at(2) }) }),
    second: pod('a'),
  },
  {
    name: 'restarted more often',
    first: pod('z', { status: restarted(3) }),
    second: pod('a', { status: restarted(1) }),
  },
  { name: 'younger', first: pod('z', { metadata: { creationTimestamp: at(1) } }), second: pod('a') },
  { name: 'by name, where all else is equal', first: pod('a'), second: pod('z') },
])('gives up first: $name', ({ first, second }) => {
  const names = firstToDelete([second, first], { count: 1, minReadySeconds: 120, now }).map(
    ({ metadata }) => metadata.name,
  )
  expect(names).toEqual([first.metadata.name])
})

test('a pod of the node that has most of them goes first', () => {
  const pods = [pod('a', { spec: { nodeName: 'b' } }), pod('b'), pod('c')]
  expect(firstToDelete(pods, { count: 1, minReadySeconds: 0, now }).map(({ metadata }) => metadata.name)).toEqual(['b'])
})
