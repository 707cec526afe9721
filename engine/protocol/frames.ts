/**
 * How a command's streams share one stream of the session: frames of a channel in one byte, a length in four
 * (big-endian), and that many bytes. The channels are numbered as in Kubernetes's protocol for WebSockets.
 */

export const channels = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** How it ended, as JSON (`StreamEnd`): the last frame. */
  end: 3,
  /** The terminal's new size, as JSON (`TerminalSize`). */
  resize: 4,
  /** No more comes on the channel that the payload's one byte names. */
  close: 255,
} as const

const headLength = 5
/** Longer payloads are cut into frames of this length, so that no side holds more than one frame that is not whole. */
export const maxPayload = 64 * 1024

/** One frame or more. */
export function encodeFrames(channel: number, payload: Uint8Array): Buffer {
  const count = Math.max(1, Math.ceil(payload.length / maxPayload))
  const frames = Buffer.allocUnsafe(payload.length + count * headLength)
  let at = 0
  for (let start = 0, left = count; left > 0; left -= 1, start += maxPayload) {
    const part = payload.subarray(start, start + maxPayload)
    frames.writeUInt8(channel, at)
    frames.writeUInt32BE(part.length, at + 1)
    frames.set(part, at + headLength)
    at += headLength + part.length
  }
  return frames
}

/** Cuts chunks of bytes into frames. Throws RangeError on a frame that is longer than any side sends. */
export function createFrameDecoder(accept: (channel: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return chunk => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= headLength) {
      const length = rest.readUInt32BE(1)
      if (length > maxPayload) throw new RangeError(`a frame of ${length} bytes is longer than ${maxPayload}`)
      if (rest.length < headLength + length) return
      const [channel, payload] = [rest.readUInt8(0), rest.subarray(headLength, headLength + length)]
      rest = rest.subarray(headLength + length)
      accept(channel, payload)
    }
  }
}
