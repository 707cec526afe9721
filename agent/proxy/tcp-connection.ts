/** One client's TCP connection, and the endpoint that it is joined to at the moment. */
import type { Socket } from 'node:net'
import { HttpConnection } from './http.ts'
import { settleMs } from './listener.ts'
import { acceptReading, connectReading } from './reading.ts'
import { endpointKey, type ProxyEndpoint } from './table.ts'

/** Where connections may go, as the newest table says. */
export interface Backends {
  /** An endpoint for this client that is not among those already tried; undefined where none is left. */
  choose(clientAddress: string, tried: ReadonlySet<string>): ProxyEndpoint | undefined
  has(endpoint: ProxyEndpoint): boolean
  /** The address is served no more: a client between two requests need not come back to it. */
  readonly closed: boolean
}

const connectTimeoutMs = 3000
/** A request that is longer is not kept for sending it again. More than a socket gives in one read (64 KiB). */
const longestRepeat = 256 * 1024
/** How long a client is kept whose endpoint closed while no request was under way. */
const idleTimeoutMs = 600_000

/**
 * Bytes pass unchanged. Between two HTTP requests, and before the first byte, the connection moves to another endpoint
 * where its own left the table or closed; the client sees nothing of it.
 */
export class TcpConnection {
  readonly #client: Socket
  readonly #backends: Backends
  readonly #onSettled: () => void
  readonly #http = new HttpConnection()
  #endpoint: ProxyEndpoint | undefined
  #backend: Socket | undefined
  #connected = false
  /** When the endpoint left the table, where it did. */
  #leftAt: number | undefined
  /** What the client sent since no request was under way, until an answer comes; undefined where it is not complete. */
  #unanswered: Buffer[] | undefined = []
  #unansweredLength = 0
  #tried = new Set<string>()
  #clientEnded = false

  /** `accepted` is paused. `onSettled`: a request that was under way on an endpoint which left the table is answered. */
  constructor(accepted: Socket, options: { backends: Backends; onSettled: () => void }) {
    const client = acceptReading(accepted, { onChunk: chunk => this.#fromClient(chunk) })
    this.#client = client
    this.#backends = options.backends
    this.#onSettled = options.onSettled
    client.setKeepAlive(true, 60_000)
    client.on('end', () => this.#endOfClient())
    client.on('timeout', () => client.destroy())
    // An error is followed by 'close'.
    client.on('error', () => {})
    client.once('close', () => {
      this.#release()
      this.#onSettled()
    })
    this.#dial()
  }

  get closed(): boolean {
    return this.#client.destroyed
  }

  /** True while a request or its answer is under way on an endpoint that left the table, and not for long. */
  get mustSettle(): boolean {
    return this.#leftAt !== undefined && performance.now() < this.#leftAt + settleMs && this.#http.state === 'busy'
  }

  /** The table changed: goes elsewhere at once where the endpoint left it and nothing is under way. */
  update(): void {
    if (this.#client.destroyed || this.#endpoint === undefined) return
    if (this.#backends.has(this.#endpoint)) {
      this.#leftAt = undefined
      return
    }
    const { state } = this.#http
    if (!this.#connected || state === 'fresh') {
      // Where the endpoint speaks first the client waits for a word, so it is joined to another one right away.
      this.#tried.clear()
      this.#redial()
    } else if (state === 'idle') this.#part()
    else this.#leftAt ??= performance.now()
  }

  #dial(): void {
    const endpoint = this.#backends.choose(this.#client.remoteAddress ?? '', this.#tried)
    this.#endpoint = endpoint
    if (endpoint === undefined) {
      this.#client.resetAndDestroy()
      return
    }
    this.#tried.add(endpointKey(endpoint))
    const backend: Socket = connectReading({
      host: endpoint.address,
      port: endpoint.port,
      allowHalfOpen: true,
      noDelay: true,
      onChunk: chunk => this.#fromBackend(backend, chunk),
    })
    this.#backend = backend
    this.#connected = false
    backend.setTimeout(connectTimeoutMs, () => backend.destroy(new Error('no answer to the connection attempt')))
    backend.once('connect', () => this.#joined(backend))
    backend.on('end', () => this.#endOfBackend())
    backend.on('error', () => this.#lostBackend(backend))
  }

  #joined(backend: Socket): void {
    this.#connected = true
    backend.setTimeout(0)
    backend.setKeepAlive(true, 60_000)
    for (const chunk of this.#unanswered ?? []) this.#toBackend(backend, chunk)
    if (this.#clientEnded) backend.end()
    if (backend.writableLength === 0) this.#client.resume()
  }

  #fromClient(chunk: Buffer): void {
    this.#http.request(chunk)
    this.#keep(chunk)
    if (this.#backend === undefined) {
      this.#client.setTimeout(0)
      this.#client.pause()
      this.#tried.clear()
      this.#dial()
    } else if (this.#connected) this.#toBackend(this.#backend, chunk)
    else this.#client.pause()
  }

  /** While Node holds any of a chunk its memory is in use: nothing is read into it before all of it is sent. */
  #toBackend(backend: Socket, chunk: Buffer): void {
    backend.write(chunk, () => {
      if (backend === this.#backend && backend.writableLength === 0) this.#client.resume()
    })
    if (backend.writableLength > 0) this.#client.pause()
  }

  #fromBackend(backend: Socket, chunk: Buffer): void {
    this.#http.response(chunk)
    this.#forgetUnanswered()
    this.#client.write(chunk, () => {
      if (this.#client.writableLength === 0) backend.resume()
    })
    if (this.#client.writableLength > 0) backend.pause()
    const { state } = this.#http
    if (state === 'opaque' || state === 'busy') return
    if (state === 'idle') this.#unanswered = []
    if (this.#endpoint === undefined || this.#backends.has(this.#endpoint)) return
    if (state === 'idle') this.#part()
    this.#onSettled()
  }

  #endOfClient(): void {
    this.#clientEnded = true
    if (this.#backend === undefined) this.#client.end()
    else if (this.#connected) this.#backend.end()
  }

  #endOfBackend(): void {
    if (this.#http.state === 'idle') this.#part()
    else if (this.#mayRepeat()) this.#redial()
    else this.#client.end()
  }

  #lostBackend(backend: Socket): void {
    if (backend !== this.#backend) return
    if (!this.#connected || this.#mayRepeat()) this.#redial()
    else if (this.#http.state === 'idle') this.#part()
    else if (this.#http.state === 'closing') this.#client.end()
    else this.#client.resetAndDestroy()
  }

  /** A whole copy of the request is here, no byte of an answer came, and doing it twice does no harm. */
  #mayRepeat(): boolean {
    return this.#unansweredLength > 0 && this.#unanswered !== undefined && this.#http.mayRepeat
  }

  #keep(chunk: Buffer): void {
    if (this.#unanswered === undefined) return
    this.#unansweredLength += chunk.length
    if (this.#unansweredLength > longestRepeat) this.#forgetUnanswered()
    else this.#unanswered.push(Buffer.from(chunk))
  }

  #forgetUnanswered(): void {
    this.#unanswered = undefined
    this.#unansweredLength = 0
    this.#tried.clear()
  }

  #redial(): void {
    this.#client.pause()
    this.#release()
    this.#dial()
  }

  /** Without an endpoint until the client's next request. */
  #part(): void {
    this.#release()
    this.#endpoint = undefined
    if (this.#clientEnded || this.#backends.closed) {
      this.#client.destroySoon()
      return
    }
    this.#client.setTimeout(idleTimeoutMs)
    this.#client.resume()
  }

  /** Lets go of the endpoint; what it still says is not heard. */
  #release(): void {
    const backend = this.#backend
    this.#backend = undefined
    this.#connected = false
    this.#leftAt = undefined
    if (backend === undefined) return
    backend.removeAllListeners()
    backend.on('error', () => {})
    backend.destroy()
  }
}
