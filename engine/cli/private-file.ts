import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

export interface PrivateFile {
  readonly path: string
  /** Overwrites and removes it, and whatever an editor has left beside it. */
  remove(): void
}

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A file in a new folder that only this user may enter; it is removed too where the process is told to end. */
export function privateFile(name: string, contents: Uint8Array): PrivateFile {
  const { XDG_RUNTIME_DIR: runtime } = process.env
  // What is under XDG_RUNTIME_DIR is this user's alone, and in memory.
  const folder = mkdtempSync(join(runtime !== undefined && isFolder(runtime) ? runtime : tmpdir(), 'gantry-secret-'))
  const remove = (): void => {
    for (const signal of endings) process.removeListener(signal, end)
    wipe(folder)
  }
  const end = (signal: NodeJS.Signals): void => {
    // An editor that is running gets the terminal's Ctrl-C too, and knows what it means to it.
    if (signal === 'SIGINT') return
    remove()
    process.exit(128 + constants.signals[signal])
  }
  for (const signal of endings) process.on(signal, end)
  const path = join(folder, name)
  try {
    writeFileSync(path, contents, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    remove()
    throw error
  }
  return { path, remove }
}

function wipe(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) overwrite(join(entry.parentPath, entry.name))
  }
  rmSync(folder, { recursive: true, force: true })
}

function overwrite(path: string): void {
  const size = statSync(path).size
  const file = openSync(path, 'r+')
  try {
    writeSync(file, Buffer.alloc(size), 0, size, 0)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
