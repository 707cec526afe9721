import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cluster } from './cluster/cluster.ts'
import { createLoop } from './loop.ts'
import type { Loop } from './loop.ts'

const nodes = Array.from({ length: 100 }, (_, index) => `n${index}`)
const heartbeatMs = 3_000

let cluster: Cluster
let loop: Loop
let steps: number
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'] })
  cluster = new Cluster({ startVersion: 0 })
  steps = 0
  loop = createLoop({
    cluster,
    core: { clusterName: 'test', serviceCIDR: '10.96.0.0/16', nodePorts: { from: 30_000, to: 32_767 } },
    outbox: { pending: 0, push: () => void (steps += 1), settled: async () => {}, close: async () => {} },
    now: Date.now,
  })
  const capacity = { cpu: '4', memory: '8Gi', pods: '110' }
  for (const [index, name] of nodes.entries()) {
    const status = { capacity, allocatable: capacity }
    loop.dispatch({
      kind: 'joined',
      node: { name, labels: {}, taints: [], status },
      podCIDR: `10.244.${index}.0/24`,
    })
  }
})
afterEach(() => {
  loop.close()
  vi.useRealTimers()
})

function ready(): readonly string[] {
  return cluster
    .list('Node')
    .filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    .map(({ metadata }) => metadata.name)
}

/** Each node speaks at a moment of its own. */
function beat(milliseconds: number, speaking: readonly string[]): void {
  for (let passed = 0; passed < milliseconds; passed += heartbeatMs) {
    for (const name of speaking) {
      loop.heartbeat(name)
      vi.advanceTimersByTime(heartbeatMs / speaking.length)
    }
  }
}

test('whoever says that it is there stays Ready, at far fewer steps than words', () => {
  steps = 0
  beat(60_000, nodes)
  expect(ready().length).toBe(nodes.length)
  // 2,000 heartbeats: two steps a second that take them in, and as many that judge who is silent.
  expect(steps).toBeLessThan(4 * 60 + 10)
})

test('whoever falls silent is not Ready 10 s later, and is as soon as it speaks again', () => {
  beat(30_000, nodes)
  const [last = '', ...others] = nodes.toReversed()
  beat(9_000, others)
  expect(ready()).toContain(last)
  beat(3_000, others)
  expect(ready().toSorted()).toEqual(others.toSorted())
  loop.heartbeat(last)
  vi.advanceTimersByTime(500)
  expect(ready()).toContain(last)
})
