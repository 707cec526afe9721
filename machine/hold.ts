/**
 * One holder a folder: whoever listens on the folder's Unix socket. The kernel lets go of it with the process, so a
 * lock that a SIGKILL left behind is told from a living one by asking.
 */
import { once } from 'node:events'
import { stat, unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface HoldOptions {
  /** What holds it, in words, for the message that the next one gets: `gantry up`. */
  readonly holder: string
  /** Asks a living holder to leave, and waits for it. Without it a held folder is an error. */
  readonly takeOver?: boolean
  /** Another process asks this one to leave. */
  onAsked?(): void
}

export interface Hold {
  release(): Promise<void>
}

/** The folder is held by a process that is alive. */
export class FolderHeld extends Error {
  /** Its process id. */
  readonly pid: number
  constructor(folder: string, { holder, pid }: { holder: string; pid: number }) {
    super(`${folder} is in use by ${holder} (process ${pid}); stop that one, or choose another folder with --data`)
    this.name = 'FolderHeld'
    this.pid = pid
  }
}

/** How long a holder that was asked to leave may take: its pods' reports and its record are finished first. */
const patience = 20_000
/** The kernel's limit for a socket's path, less its end. */
const maxPath = 107

export async function holdFolder(folder: string, options: HoldOptions): Promise<Hold> {
  const path = join(folder, 'hold.sock')
  if (Buffer.byteLength(path) > maxPath) {
    throw new Error(
      `the folder's path is too long for a Unix socket: ${folder}; choose one of at most ${maxPath - 10} bytes`,
    )
  }
  const deadline = Date.now() + patience
  for (;;) {
    const hold = await tryToHold(path, options)
    if (hold !== undefined) return hold
    const holder = await ask(path, options.takeOver === true)
    if (holder === undefined) await unlink(path).catch(() => {})
    else if (options.takeOver !== true || Date.now() > deadline) throw new FolderHeld(folder, holder)
  }
}

/** Undefined where the socket exists already, held or left behind. */
async function tryToHold(path: string, options: HoldOptions): Promise<Hold | undefined> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.end(`${process.pid} ${options.holder}\n`)
    socket.on('data', data => {
      if (data.toString() === 'leave\n') options.onAsked?.()
    })
  })
  server.listen(path)
  try {
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
  // Two that found the same dead socket may each have removed it: only the one whose socket stands is the holder.
  const own = await stat(path).catch(() => undefined)
  await sleep(20)
  const standing = await stat(path).catch(() => undefined)
  if (own === undefined || standing?.ino !== own.ino) {
    server.close()
    return undefined
  }
  server.unref()
  return { release: () => new Promise(resolve => server.close(() => resolve())) }
}

/** Who answers on the socket; undefined where nobody does. With `leave` it is asked to go, and given a moment. */
async function ask(path: string, leave: boolean): Promise<{ holder: string; pid: number } | undefined> {
  const socket = connect({ path, allowHalfOpen: true })
  try {
    await once(socket, 'connect')
    if (leave) socket.write('leave\n')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    if (leave) await sleep(100)
    const [pid = '', ...holder] = text.trim().split(' ')
    return { pid: Number(pid), holder: holder.join(' ') }
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}
