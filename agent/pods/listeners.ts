/** Finds pods of an ordinary user's node that listen on every address instead of their own. */
import type { Uid } from '../../engine/api/types.ts'
import type { Runtime } from '../runtime/runtime.ts'

export interface Unready {
  readonly reason: string
  readonly message: string
}

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::', '*'])

/**
 * All pods share the host's addresses there: one that binds the wildcard takes its port from every other pod, and
 * answers on their addresses. Undefined: nothing is wrong.
 */
export async function findWildcard(
  podUid: Uid,
  { runtime, ip }: { runtime: Pick<Runtime, 'listeners'>; ip: string },
): Promise<Unready | undefined> {
  const listeners = (await runtime.listeners?.(podUid)) ?? []
  const wrong = listeners.find(({ address }) => wildcards.has(address))
  if (!wrong) return undefined
  const message =
    `the pod listens on ${wrong.address}:${wrong.port}, all addresses of this machine, which its pods share while Gantry ` +
    `runs as an ordinary user; make it listen on $POD_IP (${ip}), or run Gantry as root`
  return { reason: 'ListensOnEveryAddress', message }
}
