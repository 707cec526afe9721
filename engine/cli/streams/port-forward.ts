import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { channels } from '../../protocol/frames.ts'
import type { Client } from '../client.ts'
import { CliError } from '../failure.ts'
import { findPod, podPath } from '../find-pods.ts'
import type { Terminal } from '../terminal.ts'
import { closed, sendAll, writerFor } from './channels.ts'
import { readPort } from './ports.ts'
import type { ForwardedPort } from './ports.ts'

export interface PortForwardOptions {
  readonly namespace: string
  readonly address: string
}

/** `gantry port-forward`, as `kubectl port-forward`: until it is interrupted. */
export async function portForward(
  client: Client,
  { target, ports }: { target: string; ports: readonly string[] },
  { options, terminal }: { options: PortForwardOptions; terminal: Terminal },
): Promise<void> {
  const found = await findPod(client, target, { namespace: options.namespace, note: terminal.note })
  const { pod } = found
  const wanted = ports.map(text => readPort(text, found))
  const phase = pod.status?.phase ?? 'Pending'
  if (phase !== 'Running') {
    throw new CliError(`unable to forward port because pod is not running. Current status=${phase}`)
  }
  const servers = wanted.flatMap(port => options.address.split(',').map(address => ({ port, address })))
  const path = podPath(pod, 'portforward')
  const endings = await Promise.all(
    servers.map(async ({ port, address }) => {
      const server = await listen(port, address)
      const { port: local } = server.address() as AddressInfo
      terminal.write(`Forwarding from ${address.includes(':') ? `[${address}]` : address}:${local} -> ${port.remote}\n`)
      server.on('connection', (connection: Socket) => {
        terminal.write(`Handling connection for ${local}\n`)
        const forwarded = carryConnection(connection, () => client.connect(`${path}?ports=${port.remote}`))
        forwarded.catch((error: unknown) => {
          connection.destroy()
          terminal.note(
            `error forwarding port ${port.remote}: ${error instanceof Error ? error.message : String(error)}\n`,
          )
        })
      })
      return new Promise((_, reject) => server.once('error', reject))
    }),
  )
  await Promise.all(endings)
}

/** A connection has a WebSocket of its own, whose two channels are its bytes and what went wrong. */
async function carryConnection(connection: Socket, open: () => Promise<WebSocket>): Promise<void> {
  connection.pause()
  connection.on('error', () => {})
  const socket = await open()
  const begun = new Set<number>()
  const write = writerFor(connection, socket)
  let problem = ''
  socket.on('message', (data: Buffer) => {
    const [channel = 0, payload] = [data[0], data.subarray(1)]
    if (channel === channels.close) connection.end()
    // The first message of each channel is the port's number.
    else if (!begun.has(channel)) begun.add(channel)
    else if (channel === 0) write(payload)
    else problem += String(payload)
  })
  connection.once('close', () => socket.close())
  socket.resume()
  sendAll(socket, 0, connection).catch(() => socket.close())
  await closed(socket)
  if (problem !== '') throw new CliError(problem)
  connection.end()
}

function listen({ local }: ForwardedPort, address: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'another program uses the port' : cause.message
      reject(
        new CliError(`unable to listen on port ${local}: ${reason}`, {
          remedy: 'choose another: gantry port-forward POD LOCAL:REMOTE',
        }),
      )
    })
    server.listen({ host: address, port: local }, () => {
      server.removeAllListeners('error')
      resolve(server)
    })
  })
}
