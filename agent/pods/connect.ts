/** A command's or container's streams, carried over one stream of the session in frames. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { channels, createFrameDecoder, encodeFrames } from '../../engine/protocol/frames.ts'
import type { StreamEnd, TerminalSize } from '../../engine/protocol/streams.ts'
import type { ContainerStreams } from '../runtime/streams.ts'
import { textOf } from './facts.ts'

/** Resolves when both have ended. Where the engine goes away first, the streams are closed. */
export async function connectStreams(
  streams: ContainerStreams,
  { stream, signal }: { stream: Duplex; signal: AbortSignal },
): Promise<void> {
  const closing = new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => void streams.close().then(resolve, reject), { once: true })
  })
  if (signal.aborted) return streams.close()
  carryIn(streams, stream)
  let end: StreamEnd
  try {
    for await (const { stream: name, bytes } of streams.output) {
      if (!stream.write(encodeFrames(channels[name], bytes))) await once(stream, 'drain', { signal })
    }
    const exitCode = await streams.exitCode()
    end = exitCode === undefined ? {} : { exitCode }
  } catch (error) {
    if (signal.aborted) return closing
    end = { problem: textOf(error) }
  }
  stream.end(encodeFrames(channels.end, Buffer.from(JSON.stringify(end))))
}

/** Takes in no more than the command reads: then the engine and the client before it wait. */
function carryIn({ stdin, resize }: ContainerStreams, stream: Duplex): void {
  stdin?.on('drain', () => stream.resume())
  // What it does not read is dropped from then on.
  stdin?.once('close', () => stream.resume())
  const decode = createFrameDecoder((channel, payload) => {
    if (channel === channels.stdin && stdin?.writable === true) {
      if (!stdin.write(payload)) stream.pause()
    } else if (channel === channels.close && payload[0] === channels.stdin) {
      stdin?.end()
    } else if (channel === channels.resize) {
      // A terminal without a size is still one.
      void resize(readSize(payload)).catch(() => {})
    }
  })
  stream.on('data', (chunk: Buffer) => {
    try {
      decode(chunk)
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  })
}

function readSize(payload: Buffer): TerminalSize {
  const { width, height } = JSON.parse(String(payload)) as Partial<TerminalSize>
  const isSize = (side: number | undefined): side is number => Number.isInteger(side) && Number(side) >= 0
  if (isSize(width) && isSize(height)) return { width, height }
  throw new RangeError('a terminal is so many columns wide and so many rows high')
}
