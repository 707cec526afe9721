/** Keeps the proxy and DNS at what the mirror says, and tells when the proxy serves it. */
import type { NetworkMode, ServiceProblem } from '../engine/protocol/session.ts'
import type { Mirror } from './mirror.ts'
import type { ProxyClient } from './proxy/client.ts'
import { proxyTable } from './proxy/table.ts'
import type { Dns } from './dns/server.ts'
import { zoneOf } from './dns/zone.ts'
import { reachable } from './reachable.ts'

export interface Traffic {
  /** The mirror changed; `services` says whether a Service or an endpoint did. */
  update(mirror: Mirror, services: boolean): void
  /** Addresses that cannot be bound, all of them, as the proxy found later. */
  report(problems: readonly ServiceProblem[]): void
  close(): void
}

export interface TrafficOptions {
  readonly proxy: ProxyClient
  readonly dns: Dns | undefined
  readonly nodeName: string
  /** What of other nodes is to be reached. */
  readonly mode: NetworkMode
  readonly nodeAddress: string
  /** The proxy serves everything up to this resourceVersion. */
  onServed(resourceVersion: number): void
  /** Addresses that could not be bound, whenever they changed; a Service that is mended has no message. */
  onProblems(problems: readonly ServiceProblem[]): void
  onError(error: unknown): void
}

export function createTraffic(options: TrafficOptions): Traffic {
  let wanted: Mirror | undefined
  let stale = false
  let closed = false
  /** What the proxy was last asked to serve; settled once it does. */
  let latest: Promise<unknown> = Promise.resolve()
  let troubled = new Map<string, ServiceProblem>()

  function report(problems: readonly ServiceProblem[]): void {
    const now = new Map(problems.map(problem => [`${problem.namespace}/${problem.name}`, problem]))
    const mended = [...troubled].flatMap(([key, { namespace, name }]) => (now.has(key) ? [] : [{ namespace, name }]))
    const news = [...now].flatMap(([key, problem]) => (troubled.get(key)?.message === problem.message ? [] : [problem]))
    troubled = now
    if (mended.length + news.length > 0) options.onProblems([...mended, ...news])
  }

  /** A table waits for no earlier one: new endpoints must not stand behind requests that an old one still drains. */
  async function show(mirror: Mirror): Promise<void> {
    const { resourceVersion } = mirror
    if (stale) {
      stale = false
      const services = mirror.services()
      const slices = reachable(mirror.endpointSlices(), options)
      options.dns?.update(zoneOf(services, slices, { domain: mirror.settings.clusterDomain }))
      const { nodeName, nodeAddress } = options
      const applied = options.proxy.apply(proxyTable(services, slices, { nodeName, nodeAddress }))
      latest = applied
      report(await applied)
    } else {
      await latest
    }
    options.onServed(resourceVersion)
  }

  return {
    update(mirror, services) {
      stale ||= services
      if (wanted !== undefined) return
      wanted = mirror
      // Deltas that came in one read share a table.
      setImmediate(() => {
        wanted = undefined
        if (closed) return
        show(mirror).catch((error: unknown) => {
          if (closed) return
          stale = true
          options.onError(error)
        })
      })
    },
    report,
    close() {
      closed = true
    },
  }
}
