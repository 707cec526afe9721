/** The loop around the core: one event at a time through `step`, its effects to the outbox, and the next wake-up. */
import { randomUUID } from 'node:crypto'
import type { NodeName } from './api/types.ts'
import type { Cluster } from './cluster/cluster.ts'
import type { Env } from './cluster/view.ts'
import type { Event } from './core/event.ts'
import { step } from './core/step.ts'
import type { CoreOptions } from './core/step.ts'
import type { Outbox } from './outbox.ts'

export interface Loop {
  dispatch(event: Event): void
  /** A node's agent says that it is there. */
  heartbeat(node: NodeName): void
  close(): void
}

export interface LoopOptions {
  readonly cluster: Cluster
  readonly core: CoreOptions
  readonly outbox: Outbox
  readonly now: () => number
}

/**
 * So long heartbeats are gathered for one step: a step for each would be most of what an engine of 500 nodes at rest does.
 * They count from when the first of them came, so that no node is taken for silent later than it is.
 */
const gatherMs = 500
/** The longest that setTimeout can wait, about 25 days. */
const maxDelay = 2 ** 31 - 1

export function createLoop({ cluster, core, outbox, now }: LoopOptions): Loop {
  let timer: NodeJS.Timeout | undefined
  /** When the timer goes off. */
  let wakeAt: number | undefined
  let immediate: NodeJS.Immediate | undefined
  let closed = false
  const heartbeats = new Set<NodeName>()
  let heartbeatsSince = 0
  let gathering: NodeJS.Timeout | undefined

  function dispatch(event: Event): void {
    tellHeartbeats()
    take(event)
  }

  function take(event: Event): void {
    if (closed) return
    const env: Env = { now: now(), newId: randomUUID, random: Math.random }
    const effects = step(cluster, event, env, core)
    outbox.push(effects)
    // Most heartbeats change nothing: the timer that is set will do.
    if (effects.wakeAt === wakeAt) return
    wakeAt = effects.wakeAt
    clearTimeout(timer)
    if (wakeAt !== undefined) timer = setTimeout(wake, Math.min(Math.max(wakeAt - env.now, 0), maxDelay))
  }

  function heartbeat(node: NodeName): void {
    if (heartbeats.size === 0) {
      heartbeatsSince = now()
      gathering = setTimeout(tellHeartbeats, gatherMs)
    }
    heartbeats.add(node)
  }

  function tellHeartbeats(): void {
    if (heartbeats.size === 0) return
    clearTimeout(gathering)
    const nodes = [...heartbeats]
    heartbeats.clear()
    take({ kind: 'heartbeats', nodes, since: heartbeatsSince })
  }

  /**
   * Sockets are read between a timer and an immediate: heartbeats that waited out a stall of this process are heard
   * before any deadline is judged.
   */
  function wake(): void {
    wakeAt = undefined
    immediate = setImmediate(() => dispatch({ kind: 'clock' }))
  }

  return {
    dispatch,
    heartbeat,
    close() {
      closed = true
      clearTimeout(gathering)
      clearTimeout(timer)
      clearImmediate(immediate)
    },
  }
}
