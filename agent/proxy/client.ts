/** The agent's end of the proxy: finds the one that runs, or starts it, and keeps it at the newest table. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceProblem } from '../../engine/protocol/session.ts'
import { makePrivateFolder } from '../../machine/files.ts'
import { connectTo, type Link } from './link.ts'
import { programBuild, startProxy } from './start.ts'
import type { ProxyTable } from './table.ts'

export interface ProxyClient {
  /**
   * New connections follow the table as soon as the proxy reads it; may be called again before the last one resolved.
   * Resolves once no request is under way on endpoints that left (1.5 s at most): the acknowledgement. A proxy that dies
   * meanwhile is started again and told the newest table. Rejects only after `release` or `stop`.
   */
  apply(table: ProxyTable): Promise<readonly ServiceProblem[]>
  /** The process that serves at the moment. */
  readonly pid: number
  /** Lets go of the proxy, which serves on. */
  release(): Promise<void>
  /** Ends the proxy and every connection through it. */
  stop(): Promise<void>
}

export interface ProxyOptions {
  /** The proxy's own: its socket, its last table, its log. */
  readonly folder: string
  readonly clusterUid: string
  /** The addresses that could not be bound changed without a new table. */
  onProblems?(problems: readonly ServiceProblem[]): void
  /** The proxy cannot be started again; it is tried on. */
  onError?(error: unknown): void
}

interface Pending {
  resolve(problems: readonly ServiceProblem[]): void
  reject(error: Error): void
}

const longestPauseMs = 5000

export async function connectProxy(options: ProxyOptions): Promise<ProxyClient> {
  await makePrivateFolder(options.folder)
  const pending = new Map<number, Pending>()
  let lastId = 0
  let newest: ProxyTable | undefined
  let released = false
  let link = await open()

  function open(): Promise<Link> {
    return openLink(options, {
      onApplied: (id, problems) => {
        // A table that is served has replaced all before it.
        for (const [earlier, { resolve }] of pending) {
          if (earlier > id) continue
          pending.delete(earlier)
          resolve(problems)
        }
      },
      onProblems: problems => options.onProblems?.(problems),
      onClose: () => {
        if (!released) void reopen()
      },
    })
  }

  async function reopen(): Promise<void> {
    let pause = 50
    for (;;) {
      try {
        link = await open()
        break
      } catch (error) {
        options.onError?.(error)
        await sleep(pause)
        pause = Math.min(pause * 2, longestPauseMs)
      }
      if (released) return
    }
    if (released) link.close()
    else if (newest) link.send({ type: 'apply', id: lastId, table: newest })
  }

  function letGo(): void {
    released = true
    for (const { reject } of pending.values()) reject(new Error('the proxy was let go before it answered'))
    pending.clear()
  }

  return {
    apply: table =>
      new Promise((resolve, reject) => {
        if (released) return reject(new Error('the proxy was let go'))
        lastId += 1
        newest = table
        pending.set(lastId, { resolve, reject })
        link.send({ type: 'apply', id: lastId, table })
      }),
    get pid() {
      return link.pid
    },
    async release() {
      letGo()
      link.close()
    },
    async stop() {
      letGo()
      await link.leave({ now: true })
    },
  }
}

/** A link to a proxy of this build and cluster. One of another build hands over: it serves what it has, and no more. */
async function openLink(options: ProxyOptions, events: Parameters<typeof connectTo>[1]): Promise<Link> {
  const path = join(options.folder, 'proxy.sock')
  const build = await programBuild()
  const running = await connectTo(path, events)
  if (running?.build === build && running.clusterUid === options.clusterUid) return running
  await running?.leave({ now: false })
  return startProxy({ ...options, build, connect: () => connectTo(path, events) })
}
