import type { ProxyPort } from './table.ts'

/** One address that the proxy listens on. */
export interface Listener {
  /** The same address with other endpoints. */
  update(port: ProxyPort): void
  /** Resolves once no request is under way on an endpoint that left the table. */
  settled(): Promise<void>
  /** Takes no new connection; those that exist end by themselves. */
  close(): void
  /** Connections, or flows of datagrams, that exist. */
  readonly connections: number
}
