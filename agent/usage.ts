/** What the node and its containers use. Measured only when somebody asks: a node at rest costs nothing. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetworkUsage, NodeUsage, Usage } from '../engine/protocol/streams.ts'
import { countersOfMachine } from './runtime/counters.ts'
import type { ContainerCounters, Counters, NetworkCounters } from './runtime/counters.ts'
import type { Runtime } from './runtime/runtime.ts'

export interface Sample {
  /** Milliseconds, never backward. */
  readonly at: number
  readonly machine: Counters
  readonly containers: readonly ContainerCounters[]
}

/** A rate over less says little. */
const shortestWindowMs = 1_000
/** A sample is compared with until it is so old; after twice the time it is of no use. */
const windowMs = 15_000

/** Asked by several at once, it measures once. */
export function createMeter(runtimes: Iterable<Runtime>): () => Promise<NodeUsage> {
  let before: Sample | undefined
  let underWay: Promise<NodeUsage> | undefined

  async function sample(): Promise<Sample> {
    const containers = await Promise.all([...runtimes].map(runtime => runtime.usage()))
    return { at: performance.now(), machine: countersOfMachine(), containers: containers.flat() }
  }

  async function measure(): Promise<NodeUsage> {
    let after = await sample()
    const age = before === undefined ? Infinity : after.at - before.at
    if (before === undefined || age < shortestWindowMs || age > 2 * windowMs) {
      before = after
      await sleep(shortestWindowMs)
      after = await sample()
    }
    const usage = usageBetween(before, after, Date.now())
    if (after.at - before.at >= windowMs) before = after
    return usage
  }

  return () => (underWay ??= measure().finally(() => (underWay = undefined)))
}

/** A container that was started anew in between counts from the next time on. */
export function usageBetween(before: Sample, after: Sample, now: number): NodeUsage {
  const milliseconds = after.at - before.at
  const rate = (from: Counters, to: Counters): Usage => ({
    cpuNanocores: Math.max(0, Math.round(((to.cpuNanoseconds - from.cpuNanoseconds) / milliseconds) * 1000)),
    memoryBytes: to.memoryBytes,
    ...(from.network && to.network && { network: networkRate(from.network, to.network) }),
  })
  const networkRate = (from: NetworkCounters, to: NetworkCounters): NetworkUsage => {
    const perSecond = (key: keyof NetworkCounters) =>
      Math.max(0, Math.round(((to[key] - from[key]) / milliseconds) * 1000))
    return {
      receivedBytesPerSecond: perSecond('receivedBytes'),
      transmittedBytesPerSecond: perSecond('transmittedBytes'),
    }
  }
  return {
    at: now,
    windowMs: Math.round(milliseconds),
    node: rate(before.machine, after.machine),
    containers: after.containers.flatMap(to => {
      const from = before.containers.find(({ podUid, container }) => podUid === to.podUid && container === to.container)
      if (from === undefined || from.cpuNanoseconds > to.cpuNanoseconds) return []
      return [{ podUid: to.podUid, container: to.container, ...rate(from, to) }]
    }),
  }
}
