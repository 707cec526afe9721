import type { WebSocket } from 'ws'

/** So many bytes may wait to be sent before the sender does. */
const mostWaiting = 256 * 1024

/** Sends messages of a channel; what it returns resolves at once, or where the client reads slowly, once that was sent. */
export function inHand(socket: WebSocket): (channel: number, payload: Uint8Array) => Promise<void> {
  return async (channel, payload) => {
    const message = Buffer.concat([Buffer.of(channel), payload])
    if (socket.bufferedAmount < mostWaiting) {
      socket.send(message, () => {})
      return
    }
    // A client that is gone is told of by its close, not here.
    await new Promise<void>(resolve => socket.send(message, () => resolve()))
  }
}
