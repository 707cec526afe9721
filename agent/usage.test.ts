import { expect, test } from 'vitest'
import { MemoryRuntime } from './pods/memory-runtime.ts'
import type { ContainerCounters } from './runtime/counters.ts'
import { createMeter, usageBetween } from './usage.ts'
import type { Sample } from './usage.ts'

const machine = { cpuNanoseconds: 0, memoryBytes: 5 }
const container = (name: string, cpuNanoseconds: number, memoryBytes: number): ContainerCounters => ({
  podUid: 'p',
  container: name,
  cpuNanoseconds,
  memoryBytes,
})

test.each<{ name: string; before: readonly ContainerCounters[]; after: readonly ContainerCounters[]; used: object[] }>([
  {
    name: 'half a core over two seconds',
    before: [container('a', 3e9, 1)],
    after: [container('a', 4e9, 7)],
    used: [{ podUid: 'p', container: 'a', cpuNanocores: 500_000_000, memoryBytes: 7 }],
  },
  { name: 'one that began in between', before: [], after: [container('a', 4e9, 7)], used: [] },
  { name: 'one that began anew', before: [container('a', 4e9, 7)], after: [container('a', 1e9, 7)], used: [] },
  { name: 'one that has ended', before: [container('a', 4e9, 7)], after: [], used: [] },
])('$name', ({ before, after, used }) => {
  const from: Sample = { at: 1000, machine, containers: before }
  const to: Sample = { at: 3000, machine: { cpuNanoseconds: 3e9, memoryBytes: 9 }, containers: after }
  expect(usageBetween(from, to, 77)).toEqual({
    at: 77,
    windowMs: 2000,
    node: { cpuNanocores: 1_500_000_000, memoryBytes: 9 },
    containers: used,
  })
})

test('asked by several at once it measures once; asked again soon, since the first time', async () => {
  const runtime = new MemoryRuntime()
  let samples = 0
  const counting = Object.assign(runtime, {
    usage: async () => {
      samples += 1
      return [container('a', samples * 1e9, 1)]
    },
  })
  const measure = createMeter([counting])
  const [one, two] = await Promise.all([measure(), measure()])
  expect(one).toBe(two)
  expect(samples).toBe(2)
  expect(one.windowMs).toBeGreaterThanOrEqual(1000)
  expect((await measure()).windowMs).toBeGreaterThanOrEqual(one.windowMs)
  expect(samples).toBe(3)
})

test('the network of a pod, as a rate; none where it has none of its own', () => {
  const sample = (at: number, receivedBytes: number, transmittedBytes: number): Sample => ({
    at,
    machine: { ...machine, network: { receivedBytes, transmittedBytes } },
    containers: [container('none', 1, 1), { ...container('a', 1, 1), network: { receivedBytes, transmittedBytes } }],
  })
  const { node, containers } = usageBetween(sample(0, 1000, 9000), sample(2000, 5000, 9000), 77)
  const network = { receivedBytesPerSecond: 2000, transmittedBytesPerSecond: 0 }
  expect([node.network, ...containers.map(each => each.network)]).toEqual([network, undefined, network])
})
