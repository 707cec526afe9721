/** TLS connections to the engine, and what went wrong with one in words that tell what to do. */
import { checkServerIdentity, connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { formatEngineAddress } from '../../engine/protocol/address.ts'
import type { EngineAddress } from '../../engine/protocol/address.ts'

export interface DialOptions {
  readonly protocol: string
  readonly signal?: AbortSignal
  /** What to trust and what to show. */
  readonly tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized'>
}

const connectTimeout = 10_000

/** Resolves once both sides have shaken hands. Rejects with an error for a person. */
export function dialEngine(engine: EngineAddress, { protocol, signal, tls }: DialOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...tls,
      host: engine.host,
      port: engine.port,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [protocol],
      checkServerIdentity: (_, certificate) => checkServerIdentity(engine.host, certificate),
    })
    const give = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    const gone = (): void => give(new Error('the agent ends'))
    const late = setTimeout(() => {
      give(new Error(`${formatEngineAddress(engine)} does not answer within ${connectTimeout / 1000} s`))
    }, connectTimeout)
    signal?.addEventListener('abort', gone, { once: true })
    const settled = (): void => {
      clearTimeout(late)
      signal?.removeEventListener('abort', gone)
    }
    socket.once('close', settled)
    socket.once('error', error => give(inWords(error, engine)))
    socket.once('secureConnect', () => {
      settled()
      socket.off('close', settled)
      resolve(socket)
    })
  })
}

const foreign: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
])

function inWords(error: Error, engine: EngineAddress): Error {
  const at = formatEngineAddress(engine)
  const code = 'code' in error ? String(error.code) : ''
  if (foreign.has(code)) return new ForeignEngine(at, error)
  const words: Readonly<Record<string, string>> = {
    CERT_HAS_EXPIRED: `the certificate of the engine at ${at} has expired; look at the clocks of both machines, and restart the engine`,
    CERT_NOT_YET_VALID: `the certificate of the engine at ${at} is not valid yet; look at the clocks of both machines`,
    ERR_TLS_CERT_ALTNAME_INVALID: `the certificate of the engine does not name ${engine.host}; start the engine with --tls-san ${engine.host}`,
    ECONNREFUSED: `nothing listens at ${at}; start the engine with --agents-listen, or name another with --join`,
    ENOTFOUND: `no machine is called ${engine.host}; name the engine's machine with --join`,
    ECONNRESET: `the connection to ${at} was cut while both sides shook hands`,
  }
  return new Error(words[code] ?? `no connection to the engine at ${at}: ${error.message}`, { cause: error })
}

/** Whoever answers is not the engine that this node knows. */
export class ForeignEngine extends Error {
  constructor(at: string, cause?: unknown) {
    super(
      `whoever answers at ${at} is not this node's engine: the certificate is of another CA. ` +
        'A man in the middle does that, or another engine; name the right one with --join, and get the token from it',
      { cause },
    )
    this.name = 'ForeignEngine'
  }
}
