/**
 * A part of a volume, mounted by itself. What a container writes into its volume can be a symbolic link that leads out
 * of it, and can change while we look: so the part is opened, what was opened is checked, and as root that very file is
 * mounted, whatever its name leads to by then.
 */
import { constants } from 'node:fs'
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rmdir,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { bindMount, unmountBelow } from './mount.ts'

export interface SubPath {
  readonly volume: string
  readonly subPath: string
  /** Where the mount is made that the container gets; undefined where we may not mount. */
  readonly target: string | undefined
}

/** The path to give to the runtime. */
export async function resolveSubPath({ volume, subPath, target }: SubPath): Promise<string> {
  const refuse = () => new Error(`subPath "${subPath}" must stay inside its volume, and leads out of it`)
  if (subPath.startsWith('/') || normalize(subPath).split('/').includes('..')) throw refuse()
  const root = await realpath(volume)
  await makeFolders(root, { path: join(root, subPath), refuse })
  const handle = await open(join(root, subPath), constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = await readlink(`/proc/self/fd/${handle.fd}`)
    if (!isInside(root, found)) throw refuse()
    // An ordinary user's pods may read all that the agent may: for them, checking the path is a matter of order only.
    if (target === undefined) return found
    await mountHandle(handle, target)
    return target
  } finally {
    await handle.close()
  }
}

/** Makes what is missing of the path, inside the volume only. */
async function makeFolders(root: string, { path, refuse }: { path: string; refuse: () => Error }): Promise<void> {
  const existing = await realpath(path).catch(() => undefined)
  if (existing !== undefined) {
    if (!isInside(root, existing)) throw refuse()
    return
  }
  if (path === root) throw refuse()
  await makeFolders(root, { path: dirname(path), refuse })
  await mkdir(path, { mode: 0o755 })
}

async function mountHandle(handle: FileHandle, target: string): Promise<void> {
  await unmountBelow(target)
  await removeMountpoint(target)
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  if ((await handle.stat()).isDirectory()) await mkdir(target)
  else await writeFile(target, '')
  await bindMount(`/proc/${process.pid}/fd/${handle.fd}`, target)
}

/** Removes what mounts were made on, and never what is mounted: a recursive removal could reach into a hostPath. */
export async function removeMountpoints(folder: string): Promise<void> {
  for (const container of await namesIn(folder)) {
    for (const index of await namesIn(join(folder, container))) await removeMountpoint(join(folder, container, index))
    await rmdir(join(folder, container))
  }
  await removeMountpoint(folder)
}

async function removeMountpoint(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats) await (stats.isDirectory() ? rmdir(path) : unlink(path))
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await lstat(folder).catch(() => undefined)) ? readdir(folder) : []
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(`${root}/`)
}
