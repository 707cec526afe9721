import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Rotation } from './rotation.ts'
import type { Listener } from './listener.ts'
import type { ProxyPort } from './table.ts'
import { TcpConnection } from './tcp-connection.ts'

/** One TCP address of a Service. */
export class TcpService implements Listener {
  readonly #server: Server
  readonly #port: ProxyPort
  readonly #rotation: Rotation
  readonly #connections = new Set<TcpConnection>()
  /** Whoever waits for the requests that are under way on endpoints which left the table. */
  readonly #waiters = new Set<() => void>()

  private constructor(server: Server, port: ProxyPort) {
    this.#server = server
    this.#port = port
    this.#rotation = new Rotation(port)
    server.on('connection', socket => this.#accept(socket))
    // Accepting failed, for want of file descriptors: libuv goes on by itself.
    server.on('error', () => {})
  }

  /** Rejects with the system's error where the address cannot be bound. */
  static async listen(port: ProxyPort): Promise<TcpService> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    server.listen({ host: port.address, port: port.port, backlog: 4096 })
    await once(server, 'listening')
    return new TcpService(server, port)
  }

  update(port: ProxyPort): void {
    this.#rotation.update(port)
    for (const connection of this.#connections) connection.update()
  }

  settled(): Promise<void> {
    return new Promise(resolve => {
      const check = (): void => {
        for (const connection of this.#connections) if (connection.mustSettle) return
        this.#waiters.delete(check)
        resolve()
      }
      this.#waiters.add(check)
      check()
    })
  }

  close(): void {
    this.#server.close()
    this.#rotation.close()
    for (const connection of this.#connections) connection.update()
  }

  handOver(): void {
    this.#server.close()
    this.update({ ...this.#port, endpoints: [this.#port] })
  }

  get connections(): number {
    return this.#connections.size
  }

  #accept(socket: Socket): void {
    const connection: TcpConnection = new TcpConnection(socket, {
      backends: this.#rotation,
      onSettled: () => {
        if (connection.closed) this.#connections.delete(connection)
        for (const check of this.#waiters) check()
      },
    })
    if (!connection.closed) this.#connections.add(connection)
  }
}
