/**
 * Connections to ports of a pod over a client's WebSocket: two channels a port, its bytes and then what went wrong; the
 * first message of each is the port's number in two bytes, little-endian. With v5.channel.k8s.io each side says when it
 * writes no more.
 */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { channels } from '../../protocol/frames.ts'
import type { PortForwardRequest } from '../../protocol/streams.ts'
import { inHand } from './in-hand.ts'

export interface PortChannels {
  readonly requests: readonly PortForwardRequest[]
  open(request: PortForwardRequest): Promise<Duplex>
}

/** Resolves when every connection is over. */
export async function carryPorts(socket: WebSocket, { requests, open }: PortChannels): Promise<void> {
  const send = inHand(socket)
  // What comes before a connection is there waits with its sender.
  socket.pause()
  const streams = new Map<number, Duplex>()
  const opening = requests.map(async (request, index) => {
    const number = Buffer.alloc(2)
    number.writeUInt16LE(request.port)
    await Promise.all([send(2 * index, number), send(2 * index + 1, number)])
    try {
      streams.set(2 * index, await open(request))
    } catch (error) {
      await send(2 * index + 1, Buffer.from(textOf(error)))
    }
  })
  await Promise.all(opening)
  socket.on('message', (data: Buffer) => carryIn(data, { socket, streams }))
  socket.on('close', () => streams.forEach(stream => stream.destroy()))
  socket.resume()
  await Promise.all(
    [...streams].map(async ([channel, stream]) => {
      // One that has been told its end drains without a word.
      for (const event of ['drain', 'finish', 'close']) stream.on(event, () => socket.resume())
      const said = new Promise(resolve => stream.once('finish', resolve).once('close', resolve))
      try {
        for await (const chunk of readable(stream)) await send(channel, chunk as Buffer)
        if (!socket.protocol.startsWith('v5')) return
        // The other direction goes on until the client has said all.
        await send(channels.close, Buffer.of(channel))
        await said
      } catch (error) {
        await send(channel + 1, Buffer.from(textOf(error)))
      }
    }),
  )
  socket.close(1000)
}

function carryIn(data: Buffer, { socket, streams }: { socket: WebSocket; streams: ReadonlyMap<number, Duplex> }): void {
  const [channel = 0, payload] = [data[0], data.subarray(1)]
  if (channel === channels.close) {
    streams.get(payload[0] ?? 0)?.end()
    return
  }
  const stream = streams.get(channel)
  if (stream?.writable === true && payload.length > 0 && !stream.write(payload)) socket.pause()
}

/** Its end leaves what is written to it. */
function readable(stream: Duplex): AsyncIterable<unknown> {
  return stream.iterator({ destroyOnReturn: false })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
