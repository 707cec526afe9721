/** Finds pods of an ordinary user's node that listen on every address instead of their own. */
import { equal } from '../../engine/api/stable.ts'
import type { Pod, Uid } from '../../engine/api/types.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { allContainers } from '../spec/containers.ts'
import type { Alarms } from './alarms.ts'
import { isRunning } from './progress.ts'
import { lastRun, type Observed } from './runs.ts'

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
  onChange(unready: Unready | undefined): void
}

interface Listening {
  readonly runs: string
  readonly ip: string
}

/** What of a pod can listen now. */
export function listeningOf(pod: Pod, observed: Observed): Listening | undefined {
  const ip = observed.sandbox?.ip
  const running = allContainers(pod).flatMap(({ name }) => {
    const run = lastRun(observed, name)
    return run && isRunning(run) ? [run.status.id] : []
  })
  return ip === undefined || running.length === 0 ? undefined : { runs: running.join(' '), ip }
}

/** Looks at one pod's sockets: often while it starts, then now and then. Its timers are the alarms'. */
export class ListenerWatch {
  readonly #options: ListenerWatchOptions
  readonly #key: string
  #following: string | undefined
  #unready: Unready | undefined

  constructor(options: ListenerWatchOptions) {
    this.#options = options
    this.#key = `${options.podUid}/listeners`
  }

  /** Why the pod is not Ready though its containers are. */
  get unready(): Unready | undefined {
    return this.#unready
  }

  /** `runs` names what is looked at: others are looked at afresh. Undefined: there is nothing to look at. */
  follow(what: Listening | undefined): void {
    if (what?.runs === this.#following) return
    this.#following = what?.runs
    if (!what) this.#unready = undefined
    this.#plan(what && { ...what, look: 0 })
  }

  #plan(next: (Listening & { readonly look: number }) | undefined): void {
    const { alarms } = this.#options
    if (!next) alarms.set(this.#key, undefined, () => undefined)
    else alarms.set(this.#key, pauses[next.look] ?? lastPause, () => void this.#look(next))
  }

  async #look(now: Listening & { readonly look: number }): Promise<void> {
    const unready = await findWildcard(now.ip, this.#options)
    if (now.runs !== this.#following) return
    if (!equal(unready, this.#unready)) {
      this.#unready = unready
      this.#options.onChange(unready)
    }
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
