/** A command's or container's streams between a client's WebSocket and the node: subprotocols v4 and v5.channel.k8s.io. */
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { channels, createFrameDecoder, encodeFrames } from '../../protocol/frames.ts'
import type { StreamEnd } from '../../protocol/streams.ts'
import { inHand } from './in-hand.ts'
import { endStatus } from './end-status.ts'

export interface CommandChannels {
  /** To the agent, in frames. */
  readonly stream: Duplex
  readonly command: readonly string[]
  readonly stdout: boolean
  readonly stderr: boolean
}

/** Resolves when it is over; either side's end is the other's. */
export async function carryCommand(socket: WebSocket, options: CommandChannels): Promise<void> {
  const { stream } = options
  const wanted: ReadonlySet<number> = new Set([
    ...(options.stdout ? [channels.stdout] : []),
    ...(options.stderr ? [channels.stderr] : []),
  ])
  const send = inHand(socket)
  carryIn(socket, stream)
  let end: StreamEnd | undefined
  const waiting: Promise<void>[] = []
  const decode = createFrameDecoder((channel, payload) => {
    if (channel === channels.end) end = JSON.parse(String(payload)) as StreamEnd
    else if (wanted.has(channel)) waiting.push(send(channel, payload))
  })
  try {
    for await (const chunk of stream) {
      decode(chunk as Buffer)
      await Promise.all(waiting.splice(0))
    }
  } catch (error) {
    end = { problem: error instanceof Error ? error.message : String(error) }
  }
  const status = endStatus(end ?? { problem: 'the node broke off' }, options.command)
  await send(channels.end, Buffer.from(JSON.stringify(status)))
  socket.close(1000)
}

/** The client's messages become frames; it waits while the node reads no more. */
function carryIn(socket: WebSocket, stream: Duplex): void {
  for (const event of ['drain', 'close']) stream.on(event, () => socket.resume())
  socket.on('message', (data: Buffer) => {
    const frames = framesOf(data)
    if (frames !== undefined && !stream.write(frames)) socket.pause()
  })
  socket.on('close', () => stream.destroy())
}

function framesOf(message: Buffer): Buffer | undefined {
  const [channel, payload] = [message[0], message.subarray(1)]
  switch (channel) {
    case channels.stdin:
      // A message without a byte says nothing; an end is said on the channel for it.
      return payload.length === 0 ? undefined : encodeFrames(channels.stdin, payload)
    case channels.resize: {
      const size = readSize(payload)
      return size === undefined ? undefined : encodeFrames(channels.resize, Buffer.from(JSON.stringify(size)))
    }
    case channels.close:
      return encodeFrames(channels.close, payload.subarray(0, 1))
    default:
      return undefined
  }
}

/** As Go writes a TerminalSize. */
function readSize(payload: Buffer): { width: number; height: number } | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(String(payload)) as { Width?: unknown; Height?: unknown }
    return typeof width === 'number' && typeof height === 'number' ? { width, height } : undefined
  } catch {
    return undefined
  }
}
