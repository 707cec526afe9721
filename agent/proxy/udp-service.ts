import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Listener } from './listener.ts'
import { Rotation } from './rotation.ts'
import type { ProxyEndpoint, ProxyPort } from './table.ts'

const idleMs = 60_000
const sweepMs = 10_000
const mostFlows = 10_000

interface Flow {
  readonly endpoint: ProxyEndpoint
  readonly backend: Socket
  lastUsed: number
}

/** One UDP address of a Service: a flow a client, which keeps its endpoint until it is idle or the endpoint leaves. */
export class UdpService implements Listener {
  readonly #socket: Socket
  readonly #rotation: Rotation
  /** By the client's address and port, in the order in which they began. */
  readonly #flows = new Map<string, Flow>()
  readonly #sweep: NodeJS.Timeout

  private constructor(socket: Socket, port: ProxyPort) {
    this.#socket = socket
    this.#rotation = new Rotation(port)
    socket.on('message', (message, client) => this.#fromClient(message, client))
    // What could not be sent is lost, as datagrams may be.
    socket.on('error', () => {})
    this.#sweep = setInterval(() => this.#closeWhere(flow => flow.lastUsed < performance.now() - idleMs), sweepMs)
    this.#sweep.unref()
  }

  /** Rejects with the system's error where the address cannot be bound. */
  static async listen(port: ProxyPort): Promise<UdpService> {
    const socket = createSocket({ type: 'udp4' })
    socket.bind(port.port, port.address)
    await once(socket, 'listening')
    return new UdpService(socket, port)
  }

  update(port: ProxyPort): void {
    this.#rotation.update(port)
    this.#closeWhere(({ endpoint }) => !this.#rotation.has(endpoint))
  }

  async settled(): Promise<void> {}

  close(): void {
    clearInterval(this.#sweep)
    this.#closeWhere(() => true)
    this.#socket.close()
  }

  handOver(): void {
    this.close()
  }

  get connections(): number {
    return this.#flows.size
  }

  #fromClient(message: Buffer, client: RemoteInfo): void {
    const key = `${client.address}:${client.port}`
    const flow = this.#flows.get(key) ?? this.#begin(key, client)
    if (flow === undefined) return
    flow.lastUsed = performance.now()
    flow.backend.send(message, flow.endpoint.port, flow.endpoint.address)
  }

  #begin(key: string, client: RemoteInfo): Flow | undefined {
    const endpoint = this.#rotation.choose(client.address, new Set())
    if (endpoint === undefined) return undefined
    const [oldest] = this.#flows.keys()
    if (oldest !== undefined && this.#flows.size >= mostFlows) this.#close(oldest)
    const backend = createSocket({ type: 'udp4' })
    const flow = { endpoint, backend, lastUsed: performance.now() }
    this.#flows.set(key, flow)
    backend.on('message', (message, from) => {
      // Only the endpoint answers: the socket is open to everyone who guesses its port.
      if (from.address !== endpoint.address || from.port !== endpoint.port) return
      flow.lastUsed = performance.now()
      this.#socket.send(message, client.port, client.address)
    })
    backend.on('error', () => this.#close(key))
    return flow
  }

  #closeWhere(gone: (flow: Flow) => boolean): void {
    for (const [key, flow] of this.#flows) if (gone(flow)) this.#close(key)
  }

  #close(key: string): void {
    const flow = this.#flows.get(key)
    if (flow === undefined) return
    this.#flows.delete(key)
    flow.backend.close()
  }
}
