/**
 * Carries out what the core wants, strictly in order: what was decided is durable before any watcher or agent hears of
 * it. Steps that come while a commit is being written share the next one, and the messages that tell of it.
 */
import type { NodeName } from './api/types.ts'
import type { AssignmentDelta } from './protocol/session.ts'
import type { ObjectChange } from './cluster/view.ts'
import type { Effects } from './core/event.ts'

export interface OutboxOptions {
  /** Makes changes durable. Rejects where it cannot; it is called again with the same changes and those that came since. */
  record(changes: readonly ObjectChange[]): Promise<void>
  /** Makes sure that no later start of the engine gives out versions up to this one again. */
  reserve(resourceVersion: number): Promise<void>
  publish(changes: readonly ObjectChange[]): void
  /** What agents are to hear of all that was pushed so far. */
  assignments(): ReadonlyMap<NodeName, AssignmentDelta>
  send(node: NodeName, delta: AssignmentDelta): void
  /** Recording fails, and what is tried again; undefined once it works. */
  onTrouble(error: Error | undefined): void
}

export interface Outbox {
  /** Changes that are not recorded yet. */
  readonly pending: number
  push(effects: Effects): void
  /** Resolves when everything that was pushed is recorded and sent. */
  settled(): Promise<void>
  /** Records what is left, once, and stops. */
  close(): Promise<void>
}

/** How long changes of status may wait for a commit of their own. */
const statusDelay = 1_000
const retryDelay = 1_000

export function createOutbox(options: OutboxOptions): Outbox {
  let queue: Effects[] = []
  let unrecorded: ObjectChange[] = []
  let running: Promise<void> | undefined
  let statusTimer: NodeJS.Timeout | undefined
  let wakeRetry: (() => void) | undefined
  let closing = false

  /** Resolves once `unrecorded` is durable. */
  async function record(): Promise<boolean> {
    clearTimeout(statusTimer)
    statusTimer = undefined
    const changes = unrecorded
    if (changes.length > 0 && !(await insist(() => options.record(changes)))) return false
    unrecorded = unrecorded.slice(changes.length)
    return true
  }

  /** Tries again for as long as it takes, unless the engine ends: false then. */
  async function insist(work: () => Promise<void>): Promise<boolean> {
    for (let failed = false; ; failed = true) {
      try {
        await work()
        if (failed) options.onTrouble(undefined)
        return true
      } catch (error) {
        options.onTrouble(error instanceof Error ? error : new Error(String(error)))
        if (closing) return false
        await pause()
      }
    }
  }

  function pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, retryDelay)
      wakeRetry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function flush(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue
      queue = []
      const changes = batch.flatMap(({ record: made }) => made)
      const deltas = batch.some(({ news }) => news) ? options.assignments() : []
      const last = changes.at(-1)
      unrecorded = [...unrecorded, ...changes]
      if (last !== undefined && !(await insist(() => options.reserve(last.resourceVersion)))) return
      if (changes.some(({ decided }) => decided) && !(await record())) return
      if (changes.length > 0) options.publish(changes)
      for (const [node, delta] of deltas) options.send(node, delta)
    }
    if (unrecorded.length > 0) statusTimer ??= setTimeout(() => start(record), statusDelay)
  }

  function start(work: () => Promise<unknown>): void {
    running ??= work()
      .then(() => {})
      .finally(() => {
        running = undefined
        if (queue.length > 0 && !closing) start(flush)
      })
  }

  return {
    get pending() {
      return unrecorded.length + queue.reduce((sum, { record: made }) => sum + made.length, 0)
    },
    push(effects) {
      if (effects.record.length === 0 && !effects.news) return
      queue.push(effects)
      start(flush)
    },
    async settled() {
      while (running !== undefined) await running
    },
    async close() {
      closing = true
      wakeRetry?.()
      while (running !== undefined) await running
      await flush()
      await record()
      clearTimeout(statusTimer)
    },
  }
}
