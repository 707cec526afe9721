/** How the agent reaches its engine: over the Unix socket of the same machine, or over TLS as the node that it joined as. */
import type { Duplex } from 'node:stream'
import { sessionProtocol } from '../engine/protocol/joining.ts'
import { dialEngine } from './identity/dial.ts'
import type { Renewal } from './identity/renewal.ts'
import { dialUnixSocket } from './session.ts'

export interface EngineAccess {
  dial(signal: AbortSignal): Promise<Duplex>
  /** Of the certificate by which the node joined; the engine's own machine has none. */
  readonly renewal?: Renewal
}

export function localAccess(path: string): EngineAccess {
  return { dial: () => dialUnixSocket(path) }
}

export function remoteAccess(renewal: Renewal): EngineAccess {
  return {
    dial(signal) {
      const { engine, certificate, key, authorities } = renewal.identity
      return dialEngine(engine, {
        protocol: sessionProtocol,
        signal,
        tls: { ca: authorities, cert: certificate, key },
      })
    },
    renewal,
  }
}
