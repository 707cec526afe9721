/** How the agent reaches its engine: over the Unix socket of the same machine, or over TLS as the node that it joined as. */
import type { Duplex } from 'node:stream'
import { sessionProtocol } from '../engine/protocol/joining.ts'
import { dialEngine } from './identity/dial.ts'
import type { Identity } from './identity/identity.ts'
import type { Renewal } from './identity/renewal.ts'
import { dialUnixSocket } from './session.ts'

export interface EngineAccess {
  dial(signal: AbortSignal): Promise<Duplex>
  /** Of the certificate by which the node joined; the engine's own machine has none. */
  readonly renewal?: Renewal
  /** The engine refused the node's certificate: whether the next dial joins anew, by a token. */
  refused(): boolean
}

export function localAccess(path: string): EngineAccess {
  return { dial: () => dialUnixSocket(path), refused: () => false }
}

/** `rejoin` trades a token for a certificate anew; undefined where there is no token. */
export function remoteAccess(renewal: Renewal, rejoin?: () => Promise<Identity>): EngineAccess {
  /** A token is tried once: one that is refused lets nobody in later either. */
  let untried = rejoin
  let due: (() => Promise<Identity>) | undefined
  return {
    async dial(signal) {
      const join = due
      due = undefined
      if (join !== undefined) renewal.replace(await join())
      const { engine, certificate, key, authorities } = renewal.identity
      return dialEngine(engine, {
        protocol: sessionProtocol,
        signal,
        tls: { ca: authorities, cert: certificate, key },
      })
    },
    renewal,
    refused() {
      due = untried
      untried = undefined
      return due !== undefined
    },
  }
}
