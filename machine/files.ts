/** Files: written so that a crash leaves the old one or the new one, never half of either; read where they may be absent. */
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function writeFileDurably(
  path: string,
  contents: string | Uint8Array,
  { mode }: { readonly mode: number },
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  await writeSynced(temporary, contents, { mode, flag: 'w' })
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

/** Writes a file to the disk, but not its name: that takes `syncFolder`. The flag `wx` refuses a file that is there. */
export async function writeSynced(
  path: string,
  contents: string | Uint8Array,
  { mode, flag }: { readonly mode: number; readonly flag: 'w' | 'wx' },
): Promise<void> {
  const file = await open(path, flag, mode)
  try {
    await file.writeFile(contents)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a rename or a removal inside the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Makes a folder, with its parents, that only this user may enter. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Whether a file is not there, or a folder on the way to it. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
