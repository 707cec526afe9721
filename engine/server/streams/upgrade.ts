/** Requests that turn a connection into a WebSocket. */
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { Pod } from '../../api/types.ts'
import { StreamRefused } from '../../protocol/streams.ts'
import type { OpenStream } from '../controls.ts'
import type { Exchange } from '../respond.ts'
import { containerStatus } from '../pod-container.ts'
import { badRequest, forbidden, ofStream } from '../status-error.ts'
import { carryCommand } from './command-channels.ts'
import { askedAttach, askedExec, askedPorts } from './pod-stream.ts'
import type { StreamSubresource } from './pod-stream.ts'
import { carryPorts } from './port-channels.ts'

export interface Upgrades {
  /** @throws StatusError before anything is sent */
  serve(upgrade: Upgrade, target: { pod: Pod; subresource: StreamSubresource; query: URLSearchParams }): Promise<void>
  /** Ends every WebSocket. */
  close(): void
}

/** What Node gives of a request to upgrade. */
export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** The best first. */
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const
/** Longer messages are nobody's: clients send what they read, in pieces. */
const longestMessage = 4 * 1024 * 1024
/** How often a client is asked whether it is there. One that was told to wait shows by the sending alone. */
const pingMs = 10_000

export function createUpgrades(openStream: OpenStream): Upgrades {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: longestMessage,
    perMessageDeflate: false,
    handleProtocols: offered => protocols.find(protocol => offered.has(protocol)) ?? false,
  })

  async function serve(
    upgrade: Upgrade,
    { pod, subresource, query }: { pod: Pod; subresource: StreamSubresource; query: URLSearchParams },
  ): Promise<void> {
    const gone = new AbortController()
    upgrade.socket.once('close', () => gone.abort())
    const node = pod.spec.nodeName ?? ''
    if (subresource === 'portforward') {
      const requests = askedPorts(pod, query)
      refuseOtherProtocols(upgrade.request)
      const open = (request: (typeof requests)[number]): Promise<Duplex> => openStream(node, request, gone.signal)
      return carryPorts(await accept(upgrade), { requests, open })
    }
    const asked = subresource === 'exec' ? askedExec(pod, query) : askedAttach(pod, query)
    if (!isWebSocket(upgrade.request)) refuseStopped(pod, asked.request.container)
    refuseOtherProtocols(upgrade.request)
    // What cannot be begun is refused with a status, while there still is one.
    const stream = await openStream(node, asked.request, gone.signal)
    const command = asked.request.kind === 'exec' ? asked.request.command : []
    return carryCommand(await accept(upgrade), { ...asked, stream, command })
  }

  function accept({ request, socket, head }: Upgrade): Promise<WebSocket> {
    return new Promise(resolve => {
      server.handleUpgrade(request, socket, head, client => {
        client.on('error', () => client.terminate())
        keepAsking(client)
        resolve(client)
      })
    })
  }

  return {
    serve,
    close() {
      for (const client of server.clients) client.terminate()
    },
  }
}

function keepAsking(client: WebSocket): void {
  let answered = true
  client.on('pong', () => (answered = true))
  const timer = setInterval(() => {
    // Unread answers of one that waits are behind what it was sent before.
    if (!answered && !client.isPaused) {
      client.terminate()
      return
    }
    answered = false
    client.ping()
  }, pingMs)
  client.once('close', () => clearInterval(timer))
}

function isWebSocket({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** kubectl asks once more by its older protocol, and shows what it hears then. @throws StatusError 404 as the node has it */
function refuseStopped(pod: Pod, container: string): void {
  if (containerStatus(pod, container)?.state.running !== undefined) return
  throw ofStream(new StreamRefused(404, `container not found ("${container}")`))
}

/** @throws StatusError 400 with what would do. kubectl then shows the message as its own. */
function refuseOtherProtocols({ headers }: IncomingMessage): void {
  const offered = new Set((headers['sec-websocket-protocol'] ?? '').split(',').map(protocol => protocol.trim()))
  if (!isWebSocket({ headers })) {
    throw badRequest(
      `this server streams over WebSocket, not ${headers.upgrade}: use kubectl 1.31 or newer, or gantry, which do`,
    )
  }
  if (protocols.some(protocol => offered.has(protocol))) return
  throw badRequest(`the client speaks none of ${protocols.join(', ')}`)
}

/** A page of another origin may open a WebSocket, and no browser asks first. @throws StatusError 403 */
export function refuseForeignOrigins({ headers }: IncomingMessage): void {
  const { origin, host } = headers
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return
  throw forbidden(`a WebSocket for a page of another origin (${origin}) is refused`)
}

/** To answer a request to upgrade as any other, and then end the connection. */
export function plainExchange({ request, socket }: Upgrade): Exchange {
  const response = new ServerResponse(request)
  if (socket instanceof Socket) response.assignSocket(socket)
  response.setHeader('Connection', 'close')
  response.once('finish', () => socket.end())
  return { request, response }
}
