import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { channels } from '../../protocol/frames.ts'

/** So many bytes may wait to be sent before what is read does. */
const mostWaiting = 256 * 1024

/** Sends what is read as messages of a channel, no faster than they go out, and then that no more comes. */
export async function sendAll(socket: WebSocket, channel: number, source: Readable): Promise<void> {
  // Of a connection the other direction goes on.
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    if (socket.readyState !== socket.OPEN) return
    const message = Buffer.concat([Buffer.of(channel), chunk as Buffer])
    const sent = new Promise<void>(resolve => socket.send(message, () => resolve()))
    if (socket.bufferedAmount > mostWaiting) await sent
  }
  if (socket.readyState === socket.OPEN) socket.send(Buffer.of(channels.close, channel))
}

/** Writes messages' payloads; the socket waits while the writer is full. */
export function writerFor(writer: Writable, socket: WebSocket): (payload: Buffer) => void {
  let isFull = false
  const goOn = (): void => {
    isFull = false
    socket.resume()
  }
  // One that has been told its end drains without a word.
  for (const event of ['drain', 'finish', 'close', 'error']) writer.on(event, goOn)
  return payload => {
    if (!writer.writable || writer.write(payload) || isFull) return
    isFull = true
    socket.pause()
  }
}

/** Resolves when everything is received and the connection over. */
export async function closed(socket: WebSocket): Promise<void> {
  if (socket.readyState !== socket.CLOSED) await once(socket, 'close')
}
