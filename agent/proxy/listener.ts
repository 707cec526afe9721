import type { ProxyPort } from './table.ts'

/** How long a request that is under way may hold up the word that its endpoint is free: less than the engine's 2 s. */
export const settleMs = 1500

/** One address that the proxy listens on. */
export interface Listener {
  /** The same address with other endpoints. */
  update(port: ProxyPort): void
  /** Resolves once no request is under way on an endpoint that left the table within the last 1.5 s. */
  settled(): Promise<void>
  /** Takes no new connection. Requests that are under way are answered; a connection between two of them ends. */
  close(): void
  /** Takes no new connection: another process does. The next request of one that exists goes there too. */
  handOver(): void
  /** Connections, or flows of datagrams, that exist. */
  readonly connections: number
}
