/** Where the agent of this machine knocks: a Unix socket that only this user may open. */
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { chmod, unlink } from 'node:fs/promises'

export interface Door {
  /** Lets nobody in any more. What came in is whoever's it was given to. */
  close(): Promise<void>
}

/** Rejects where another engine listens there. */
export async function openLocalDoor(path: string, accept: (socket: Socket) => void): Promise<Door> {
  const server = createServer(accept)
  await unlink(path).catch(() => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return { close: () => new Promise(resolve => server.close(() => resolve())) }
}
