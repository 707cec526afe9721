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
  let immediate: NodeJS.Immediate | undefined
  let closed = false

  function dispatch(event: Event): void {
    if (closed) return
    const env: Env = { now: now(), newId: randomUUID, random: Math.random }
    const effects = step(cluster, event, env, core)
    outbox.push(effects)
    clearTimeout(timer)
    if (effects.wakeAt === undefined) return
    timer = setTimeout(wake, Math.min(Math.max(effects.wakeAt - env.now, 0), maxDelay))
  }

  /**
   * Sockets are read between a timer and an immediate: heartbeats that waited out a stall of this process are heard
   * before any deadline is judged.
   */
  function wake(): void {
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
