/** Keeps the proxy and DNS at what the mirror says, and tells when the proxy serves it. */
import type { ServiceProblem } from '../engine/protocol/session.ts'
import type { Mirror } from './mirror.ts'
import type { ProxyClient } from './proxy/client.ts'
import { proxyTable } from './proxy/table.ts'
import type { Dns } from './dns/server.ts'
import { zoneOf } from './dns/zone.ts'

export interface Traffic {
  /** The mirror changed; `services` says whether a Service or an endpoint did. */
  update(mirror: Mirror, services: boolean): void
  close(): Promise<void>
}

export interface TrafficOptions {
  readonly proxy: ProxyClient
  readonly dns: Dns | undefined
  readonly nodeName: string
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
  let running: Promise<void> | undefined
  let troubled = new Map<string, ServiceProblem>()

  function report(problems: readonly ServiceProblem[]): void {
    const now = new Map(problems.map(problem => [`${problem.namespace}/${problem.name}`, problem]))
    const mended = [...troubled].flatMap(([key, { namespace, name }]) => (now.has(key) ? [] : [{ namespace, name }]))
    const news = [...now].flatMap(([key, problem]) => (troubled.get(key)?.message === problem.message ? [] : [problem]))
    troubled = now
    if (mended.length + news.length > 0) options.onProblems([...mended, ...news])
  }

  /** One table at a time; changes that come meanwhile share the next one. */
  async function run(): Promise<void> {
    while (wanted !== undefined) {
      const mirror = wanted
      const { resourceVersion } = mirror
      wanted = undefined
      if (stale) {
        stale = false
        const services = mirror.services()
        const slices = mirror.endpointSlices()
        options.dns?.update(zoneOf(services, slices, { domain: mirror.settings.clusterDomain }))
        const { nodeName, nodeAddress } = options
        report(await options.proxy.apply(proxyTable(services, slices, { nodeName, nodeAddress })))
      }
      options.onServed(resourceVersion)
    }
  }

  return {
    update(mirror, services) {
      wanted = mirror
      stale ||= services
      running ??= run()
        .catch((error: unknown) => {
          stale = true
          options.onError(error)
        })
        .finally(() => (running = undefined))
    },
    async close() {
      wanted = undefined
      await running
    },
  }
}
