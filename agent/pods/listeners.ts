/** Finds pods of an ordinary user's node that listen on every address instead of their own. */
import type { Uid } from '../../engine/api/types.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Alarms } from './alarms.ts'

export interface Unready {
  readonly reason: string
  readonly message: string
}

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::', '*'])
/** A program binds soon after its start or, rarely, much later. */
const pauses = [0, 100, 300, 1_000, 3_000, 10_000]
const lastPause = 30_000

export interface ListenerWatchOptions {
  readonly podUid: Uid
  readonly runtime: Pick<Runtime, 'listeners'>
  readonly alarms: Alarms
  onFound(unready: Unready | undefined): void
}

/** Looks at one pod's sockets: often while it starts, then now and then. Its timers are the alarms'. */
export class ListenerWatch {
  readonly #options: ListenerWatchOptions
  readonly #key: string
  #following: string | undefined

  constructor(options: ListenerWatchOptions) {
    this.#options = options
    this.#key = `${options.podUid}/listeners`
  }

  /** `what` names the runs that are looked at: others are looked at afresh. Undefined: there is nothing to look at. */
  follow(what: { readonly ids: string; readonly ip: string } | undefined): void {
    if (what?.ids === this.#following) return
    this.#following = what?.ids
    this.#plan(what && { ...what, look: 0 })
  }

  #plan(next: { readonly ids: string; readonly ip: string; readonly look: number } | undefined): void {
    const { alarms } = this.#options
    if (!next) alarms.set(this.#key, undefined, () => undefined)
    else alarms.set(this.#key, pauses[next.look] ?? lastPause, () => void this.#look(next))
  }

  async #look(now: { readonly ids: string; readonly ip: string; readonly look: number }): Promise<void> {
    const unready = await findWildcard(now.ip, this.#options)
    if (now.ids !== this.#following) return
    this.#options.onFound(unready)
    this.#plan({ ...now, look: now.look + 1 })
  }
}

/**
 * All pods share the host's addresses there: one that binds the wildcard takes its port from every other pod, and
 * answers on their addresses. Undefined: nothing is wrong, or the pod is gone and cannot be looked at.
 */
async function findWildcard(
  ip: string,
  { runtime, podUid }: Pick<ListenerWatchOptions, 'runtime' | 'podUid'>,
): Promise<Unready | undefined> {
  const listeners = (await runtime.listeners?.(podUid).catch(() => [])) ?? []
  const wrong = listeners.find(({ address }) => wildcards.has(address))
  if (!wrong) return undefined
  const message =
    `the pod listens on ${wrong.address}:${wrong.port}, all addresses of this machine, which its pods share while Gantry ` +
    `runs as an ordinary user; make it listen on $POD_IP (${ip}), or run Gantry as root`
  return { reason: 'ListensOnEveryAddress', message }
}
