/**
 * Sockets that read into a buffer of their own, again and again. As Node reads by itself, each chunk is new memory that
 * the kernel first has to find and to clear, a quarter of what a stream costs.
 */
import { connect, Socket } from 'node:net'
import type { OnReadOpts, TcpNetConnectOpts } from 'node:net'

/** As much as Node reads at once. What of it no read ever filled takes no memory. */
const bufferBytes = 64 * 1024

export interface Reading {
  /** The next chunk takes the place of this one: whoever needs it longer copies it, or pauses the socket. */
  onChunk(chunk: Buffer): void
}

/** As `net.connect`. */
export function connectReading({ onChunk, ...options }: TcpNetConnectOpts & Reading): Socket {
  return connect({ ...options, onread: intoOneBuffer(onChunk) })
}

/**
 * The connection of an accepted socket, which is paused and of no use afterwards. Node lets nobody choose how accepted
 * sockets read, so the connection moves to one that is made for it.
 */
export function acceptReading(accepted: Socket, { onChunk }: Reading): Socket {
  const holder = accepted as Socket & { _handle: object | null }
  const handle = holder._handle
  holder._handle = null
  accepted.destroy()
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: intoOneBuffer(onChunk) }
  return new Socket(options)
}

function intoOneBuffer(onChunk: Reading['onChunk']): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(bufferBytes)
  return {
    buffer,
    callback(length) {
      onChunk(buffer.subarray(0, length))
      return true
    },
  }
}
