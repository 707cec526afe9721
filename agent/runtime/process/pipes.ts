/**
 * Pipes for what a process writes. Node would give it sockets, and a program that opens /dev/stdout by name cannot open a
 * socket. A pipe without a name is beyond Node; these have one until both ends are open.
 */
import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { shimPath } from './machine.ts'

const run = promisify(execFile)

export interface Pipe {
  /** The process's end, for `spawn`; closed with `release` once it has it. */
  readonly theirs: number
  readonly ours: Socket
  release(): void
}

/** Two. @param options.owner who runs the process: it may open its own ends by name. */
export async function openPipes(options: {
  folder: string
  owner: { uid: number; gid: number }
}): Promise<readonly [Pipe, Pipe]> {
  const home = await mkdtemp(join(options.folder, 'pipes-'))
  const [first, second] = [join(home, '1'), join(home, '2')]
  try {
    await run('mkfifo', ['-m', '600', first, second], { env: { PATH: shimPath } })
    if (process.getuid?.() === 0) {
      for (const path of [first, second]) await chown(path, options.owner.uid, options.owner.gid)
    }
    return [openPipe(first), openPipe(second)]
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

function openPipe(path: string): Pipe {
  // Ours does not wait, neither for a writer now nor for bytes later; theirs blocks as any pipe does.
  const ours = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const theirs = openSync(path, constants.O_WRONLY)
  return {
    theirs,
    ours: new Socket({ fd: ours, readable: true, writable: false }),
    release: () => closeSync(theirs),
  }
}
