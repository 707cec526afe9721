import type { Readable } from 'node:stream'
import type { Output } from '../streams.ts'

/**
 * Docker's two streams in one: frames of a byte for the stream, three of nothing, a length in four (big-endian), and that
 * many bytes. What has come of a frame is passed on at once. A terminal's stream has no frames.
 */
export async function* demux(stream: Readable, { framed }: { framed: boolean }): AsyncGenerator<Output> {
  let head: Buffer = Buffer.alloc(0)
  let from: Output['stream'] = 'stdout'
  let left = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (!framed) {
      yield { stream: 'stdout', bytes: chunk }
      continue
    }
    for (let rest = chunk; rest.length > 0;) {
      if (left > 0) {
        const bytes = rest.subarray(0, left)
        left -= bytes.length
        rest = rest.subarray(bytes.length)
        yield { stream: from, bytes }
        continue
      }
      const missing = 8 - head.length
      head = Buffer.concat([head, rest.subarray(0, missing)])
      rest = rest.subarray(missing)
      if (head.length < 8) continue
      from = head[0] === 2 ? 'stderr' : 'stdout'
      left = head.readUInt32BE(4)
      head = Buffer.alloc(0)
    }
  }
}
