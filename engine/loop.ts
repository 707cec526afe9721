/** The loop around the core: one event at a time through `step`, its effects to the outbox, and the next wake-up. */
import { randomUUID } from 'node:crypto'
import type { Cluster } from './cluster/cluster.ts'
import type { Env } from './cluster/view.ts'
import type { Event } from './core/event.ts'
import { step } from './core/step.ts'
import type { CoreOptions } from './core/step.ts'
import type { Outbox } from './outbox.ts'

export interface Loop {
  dispatch(event: Event): void
  close(): void
}

export interface LoopOptions {
  readonly cluster: Cluster
  readonly core: CoreOptions
  readonly outbox: Outbox
  readonly now: () => number
}

/** The longest that setTimeout can wait, about 25 days. */
const maxDelay = 2 ** 31 - 1

export function createLoop({ cluster, core, outbox, now }: LoopOptions): Loop {
  let timer: NodeJS.Timeout | undefined
  /** When the timer goes off. */
  let wakeAt: number | undefined
  let immediate: NodeJS.Immediate | undefined
  let closed = false

  function dispatch(event: Event): void {
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
    close() {
      closed = true
      clearTimeout(timer)
      clearImmediate(immediate)
    },
  }
}
