/** The terminal that a person types in, handed to a command elsewhere: every key goes there, and its size. */
import type { WebSocket } from 'ws'
import { channels } from '../../protocol/frames.ts'

/** Until the returned function is called. */
export function handOver(socket: WebSocket): () => void {
  const { stdin, stdout } = process
  const tellSize = (): void => {
    const size = JSON.stringify({ Width: stdout.columns, Height: stdout.rows })
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(channels.resize), Buffer.from(size)]))
  }
  const giveBack = (): void => {
    stdout.off('resize', tellSize)
    stdin.setRawMode(false)
  }
  stdin.setRawMode(true)
  if (stdout.isTTY) {
    stdout.on('resize', tellSize)
    tellSize()
  }
  return giveBack
}
