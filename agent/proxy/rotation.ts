import type { Backends } from './tcp-connection.ts'
import { endpointKey, type ProxyEndpoint, type ProxyPort } from './table.ts'

/** Clients whose affinity is kept; the one that came longest ago is forgotten first. */
const mostClients = 100_000

/** Which endpoint is next: each in turn, or with session affinity the one that the client had. */
export class Rotation implements Backends {
  #endpoints: readonly ProxyEndpoint[] = []
  #byKey: ReadonlyMap<string, ProxyEndpoint> = new Map()
  #next = 0
  #closed = false
  #affinityMs: number | undefined
  /** In the order of their last connections. */
  readonly #clients = new Map<string, { key: string; until: number }>()

  constructor(port: Pick<ProxyPort, 'endpoints' | 'affinitySeconds'>) {
    this.update(port)
  }

  update({ endpoints, affinitySeconds }: Pick<ProxyPort, 'endpoints' | 'affinitySeconds'>): void {
    this.#endpoints = endpoints
    this.#byKey = new Map(endpoints.map(endpoint => [endpointKey(endpoint), endpoint]))
    this.#affinityMs = affinitySeconds === undefined ? undefined : affinitySeconds * 1000
    if (affinitySeconds === undefined) this.#clients.clear()
  }

  /** No endpoint any more, for nobody. */
  close(): void {
    this.#closed = true
    this.update({ endpoints: [] })
  }

  get closed(): boolean {
    return this.#closed
  }

  has(endpoint: ProxyEndpoint): boolean {
    return this.#byKey.has(endpointKey(endpoint))
  }

  choose(clientAddress: string, tried: ReadonlySet<string>): ProxyEndpoint | undefined {
    const endpoint = this.#kept(clientAddress, tried) ?? this.#inTurn(tried)
    if (endpoint !== undefined && this.#affinityMs !== undefined) {
      this.#clients.delete(clientAddress)
      this.#clients.set(clientAddress, { key: endpointKey(endpoint), until: performance.now() + this.#affinityMs })
      this.#forgetOld()
    }
    return endpoint
  }

  #kept(clientAddress: string, tried: ReadonlySet<string>): ProxyEndpoint | undefined {
    const kept = this.#clients.get(clientAddress)
    if (kept === undefined || kept.until < performance.now() || tried.has(kept.key)) return undefined
    return this.#byKey.get(kept.key)
  }

  #inTurn(tried: ReadonlySet<string>): ProxyEndpoint | undefined {
    const count = this.#endpoints.length
    for (let step = 0; step < count; step++) {
      const endpoint = this.#endpoints[(this.#next + step) % count]
      if (endpoint === undefined || tried.has(endpointKey(endpoint))) continue
      this.#next = (this.#next + step + 1) % count
      return endpoint
    }
    return undefined
  }

  #forgetOld(): void {
    const now = performance.now()
    for (const [address, { until }] of this.#clients) {
      if (until >= now && this.#clients.size <= mostClients) return
      this.#clients.delete(address)
    }
  }
}
