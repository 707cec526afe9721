/**
 * Where agents of other machines knock: TLS 1.3. TLS proves that a client holds the key of the certificate that it shows;
 * whether the certificate counts is judged here, so that a client that is refused can be told why.
 */
import { createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { AddressInfo, Socket } from 'node:net'
import { joinProtocol, maxJoinLength, parseJoinRequest, sessionProtocol } from '../protocol/joining.ts'
import type { JoinAnswer, JoinRequest, Refusal } from '../protocol/joining.ts'
import { createLineDecoder, encodeLine } from '../protocol/lines.ts'
import type { NodeCertificate } from './node-certificate.ts'
import type { Door } from './local-door.ts'
import type { Trust } from './trust.ts'

export interface Gate extends Door {
  readonly host: string
  readonly port: number
}

export interface GateOptions {
  readonly host: string
  readonly port: number
  readonly trust: Trust
  /** Whom a client's certificate speaks for; `der` is undefined where it shows none. */
  judge(der: Uint8Array | undefined): NodeCertificate | Refusal
  join(request: JoinRequest): Promise<JoinAnswer>
  accept(socket: TLSSocket, peer: { from: string; may: NodeCertificate | Refusal }): void
  /** A connection that came to nothing. */
  onRefused(refusal: Refusal, from: string): void
}

/** A cluster has room for 1,024 nodes; each holds one, and another while it comes back. */
const mostConnections = 4_096
/** How long a client may take to shake hands, and to send its request to join. */
const patience = 10_000

/** Rejects where the address or the port cannot be had. */
export async function openGate(options: GateOptions): Promise<Gate> {
  const { trust } = options
  const open = new Set<Socket>()
  const server = createServer(
    {
      ...credentials(trust),
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: [sessionProtocol, joinProtocol],
      handshakeTimeout: patience,
    },
    socket => receive(socket),
  )
  server.maxConnections = mostConnections
  server.on('connection', socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('tlsClientError', (error, socket) => {
    options.onRefused(
      { reason: `no TLS 1.3 session comes about: ${reasonOf(error)}`, remedy: 'look at its output' },
      addressOf(socket),
    )
  })
  trust.onChange(() => server.setSecureContext({ ...credentials(trust), minVersion: 'TLSv1.3' }))

  function receive(socket: TLSSocket): void {
    const from = addressOf(socket)
    if (socket.alpnProtocol === sessionProtocol) {
      options.accept(socket, { from, may: options.judge(socket.getPeerX509Certificate()?.raw) })
    } else if (socket.alpnProtocol === joinProtocol) {
      answerJoin(socket, options)
    } else {
      options.onRefused({ reason: 'it is no agent', remedy: 'nothing but gantry agent can talk to this port' }, from)
      socket.destroy()
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, resolve)
  })
  const { address, port } = server.address() as AddressInfo
  return {
    host: address,
    port,
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

function credentials({ server, authorities }: Trust): { key: string; cert: string; ca: string[] } {
  return { key: server.key, cert: server.certificate, ca: authorities.map(({ certificate }) => certificate) }
}

/** One line in, one line out. */
function answerJoin(socket: TLSSocket, { join, onRefused }: GateOptions): void {
  const from = addressOf(socket)
  let asked = false
  const answer = (line: JoinAnswer): void => {
    if (line.type === 'refused') onRefused(line, from)
    socket.end(encodeLine(line))
  }
  const decode = createLineDecoder(json => {
    if (asked) return
    asked = true
    join(parseJoinRequest(json)).then(answer, (error: unknown) => {
      onRefused({ reason: `the engine failed: ${String(error)}`, remedy: 'see its log' }, from)
      socket.destroy()
    })
  }, maxJoinLength)
  socket.setTimeout(patience, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    try {
      decode(chunk)
    } catch (error) {
      onRefused({ reason: `it sends no request to join: ${String(error)}`, remedy: 'use gantry agent' }, from)
      socket.destroy()
    }
  })
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress === undefined ? 'a client that is gone' : `${socket.remoteAddress}:${socket.remotePort}`
}

/** OpenSSL's own words, without its library, function and file. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
}
