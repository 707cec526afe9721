/** The addresses of a table, each with its listener. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceProblem } from '../../engine/protocol/session.ts'
import { settleMs, type Listener } from './listener.ts'
import { portKey, type ProxyPort, type ProxyTable } from './table.ts'
import { TcpService } from './tcp-service.ts'
import { UdpService } from './udp-service.ts'

const retryMs = 5000

export class Proxy {
  readonly #onProblems: (problems: readonly ServiceProblem[]) => void
  readonly #listeners = new Map<string, Listener>()
  /** Addresses that could not be bound, with the reason. */
  #failed = new Map<string, { port: ProxyPort; reason: string }>()
  /** One table after another. */
  #changing: Promise<void> = Promise.resolve()
  readonly #settling = new Set<Promise<unknown>>()
  #retry: NodeJS.Timeout | undefined
  #closed = false

  /** `onProblems`: an address that could not be bound was bound after all, without a new table. */
  constructor(options: { onProblems: (problems: readonly ServiceProblem[]) => void }) {
    this.#onProblems = options.onProblems
  }

  /**
   * New connections follow the table at once. Resolves when no request is under way any more on endpoints that this
   * table, or one before it, does not have; or after 1.5 s.
   */
  async apply(table: ProxyTable): Promise<readonly ServiceProblem[]> {
    const changed = this.#changing.then(() => this.#change(table))
    this.#changing = changed.catch(() => {})
    await changed
    const settled = Promise.all(Array.from(this.#listeners.values(), listener => listener.settled()))
    const limit = new AbortController()
    const settling = Promise.race([settled, sleep(settleMs, undefined, { signal: limit.signal })])
    this.#settling.add(settling)
    await Promise.all(this.#settling)
    this.#settling.delete(settling)
    limit.abort()
    return this.#problems()
  }

  get connections(): number {
    let sum = 0
    for (const { connections } of this.#listeners.values()) sum += connections
    return sum
  }

  /** Frees every address. Connections that exist go on: `handOver` says that another proxy serves the addresses now. */
  async close({ handOver = false } = {}): Promise<void> {
    this.#closed = true
    await this.#changing
    clearTimeout(this.#retry)
    for (const listener of this.#listeners.values()) {
      if (handOver) listener.handOver()
      else listener.close()
    }
    this.#listeners.clear()
  }

  async #change(table: ProxyTable): Promise<void> {
    if (this.#closed) return
    const wanted = new Map(table.ports.map(port => [portKey(port), port]))
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue
      this.#listeners.delete(key)
      listener.close()
    }
    const missing: ProxyPort[] = []
    for (const [key, port] of wanted) {
      const listener = this.#listeners.get(key)
      if (listener) listener.update(port)
      else missing.push(port)
    }
    this.#failed.clear()
    await this.#listen(missing)
  }

  async #listen(ports: readonly ProxyPort[]): Promise<void> {
    if (this.#closed) return
    await Promise.all(
      ports.map(async port => {
        const key = portKey(port)
        try {
          this.#listeners.set(key, await (port.protocol === 'TCP' ? TcpService : UdpService).listen(port))
          this.#failed.delete(key)
        } catch (error) {
          this.#failed.set(key, { port, reason: explain(port, error) })
        }
      }),
    )
    clearTimeout(this.#retry)
    if (this.#failed.size === 0) return
    this.#retry = setTimeout(() => {
      this.#changing = this.#changing.then(() => this.#listenAgain())
    }, retryMs)
  }

  async #listenAgain(): Promise<void> {
    const before = this.#failed.size
    await this.#listen(Array.from(this.#failed.values(), ({ port }) => port))
    if (this.#failed.size < before) this.#onProblems(this.#problems())
  }

  /** One a Service, sorted. */
  #problems(): readonly ServiceProblem[] {
    const byService = new Map<string, ServiceProblem>()
    for (const [, { port, reason }] of [...this.#failed].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { namespace, name } = port
      const earlier = byService.get(`${namespace}/${name}`)?.message
      const message = earlier === undefined ? reason : `${earlier}; ${reason}`
      byService.set(`${namespace}/${name}`, { namespace, name, message })
    }
    return [...byService].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, problem]) => problem)
  }
}

function explain({ protocol, address, port }: ProxyPort, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there; stop it, or give the Service another port',
    EADDRNOTAVAIL: "the address is not one of this machine; check the cluster's serviceCIDR and --node-address",
    EACCES: 'an ordinary user may not listen below port 1024; give the Service a higher port, or run Gantry as root',
  }
  return `cannot listen on ${address}:${port} (${protocol}): ${reasons[code] ?? code}`
}
