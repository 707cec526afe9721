/** The node's DNS: answers for the cluster's names, and asks the machine's resolvers for all others. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createResponder, type Responder } from './respond.ts'
import { createUpstream, framed, readResolvers } from './upstream.ts'
import { zoneOf, type Zone } from './zone.ts'

export interface Dns {
  /** Answers follow the new zone at once. */
  update(zone: Zone): void
  close(): void
}

export interface DnsOptions {
  readonly address: string
  /** 53 where absent. */
  readonly port?: number
  /** `cluster.local` */
  readonly domain: string
  /** Resolvers for other names, `ADDRESS` or `ADDRESS:PORT`; those of /etc/resolv.conf where absent. */
  readonly upstreams?: readonly string[]
}

const tcpIdleMs = 10_000
const mostTcpClients = 500

/** Rejects where the address cannot be bound. */
export async function createDns(options: DnsOptions): Promise<Dns> {
  const { address, port = 53, domain, upstreams } = options
  const own = new Set([address, '0.0.0.0', '::'])
  const upstream = createUpstream(async () => upstreams ?? (await readResolvers('/etc/resolv.conf', own)))
  const responder = createResponder(zoneOf([], [], { domain }), upstream)
  const udp = createSocket('udp4')
  const clients = new Set<Socket>()
  const tcp = createServer(socket => serveTcp(socket, { clients, responder }))
  try {
    udp.bind(port, address)
    await once(udp, 'listening')
    tcp.listen(udp.address().port, address)
    await once(tcp, 'listening')
  } catch (error) {
    udp.close()
    throw error
  }
  let closed = false
  // An answer that cannot be sent is lost, and asked for again.
  udp.on('error', () => {})
  tcp.on('error', () => {})
  udp.on('message', async (query, from) => {
    const answer = await responder.respond(query, 'udp')
    if (answer !== undefined && !closed) udp.send(answer, from.port, from.address)
  })
  return {
    update: zone => responder.update(zone),
    close() {
      if (closed) return
      closed = true
      upstream.close()
      udp.close()
      tcp.close()
      for (const client of clients) client.destroy()
    },
  }
}

function serveTcp(socket: Socket, options: { clients: Set<Socket>; responder: Responder }): void {
  const { clients, responder } = options
  socket.on('error', () => {})
  if (clients.size >= mostTcpClients) {
    socket.destroy()
    return
  }
  clients.add(socket)
  socket.once('close', () => clients.delete(socket))
  socket.setTimeout(tcpIdleMs, () => socket.destroy())
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0)
      const query = received.subarray(2, end)
      received = received.subarray(end)
      void answerOverTcp(socket, { query, responder })
    }
  })
}

async function answerOverTcp(socket: Socket, options: { query: Buffer; responder: Responder }): Promise<void> {
  const answer = await options.responder.respond(options.query, 'tcp')
  if (answer !== undefined && !socket.destroyed) socket.write(framed(answer))
}
