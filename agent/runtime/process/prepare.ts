/** Writes what `namespaceScript` reads, into a container's folder. */
import { chmod, chown, lstat, mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mount } from '../runtime.ts'
import { StartError } from '../runtime.ts'
import type { Credentials } from './credentials.ts'
import { isMissing } from '../../../machine/files.ts'
import type { ResolvedMount, RootEntry } from './rootfs.ts'
import { parseMountInfo, rootFiles, volumeFiles, writableMounts } from './rootfs.ts'

export interface RootRequest {
  readonly home: string
  readonly mounts: readonly Mount[]
  readonly hidden: readonly string[]
  readonly readOnly: boolean
  readonly userNamespace: boolean
}

export async function prepareRoot({ home, mounts, hidden, readOnly, userNamespace }: RootRequest): Promise<void> {
  const scratch = join(home, 'root')
  await mkdir(scratch, { mode: 0o700 })
  const hostMounts = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
  const root = rootFiles({ entries: await rootEntries(), mounts: hostMounts, scratch, userNamespace })
  const volumes = volumeFiles(await Promise.all(mounts.map(resolved)), {
    mounts: userNamespace ? hostMounts : [],
    hidden,
    readOnlyRoot: readOnly ? writableMounts(root, scratch) : [],
  })
  for (const [name, text] of Object.entries({ ...root, ...volumes })) {
    await writeFile(join(home, name), text, { mode: 0o600 })
  }
}

/** The file in which a container may leave its last words, for its user to write. */
export async function terminationFile(home: string, { uid, gid }: Credentials): Promise<string> {
  const path = join(home, 'termination')
  await writeFile(path, '')
  if (process.getuid?.() === 0) await chown(path, uid, gid)
  await chmod(path, 0o666)
  return path
}

async function rootEntries(): Promise<readonly RootEntry[]> {
  const names = (await readdir('/')).sort()
  return Promise.all(
    names.map(async name => {
      const status = await lstat(`/${name}`)
      const kind = status.isDirectory() ? 'folder' : status.isSymbolicLink() ? 'link' : 'other'
      return { name, kind, mode: (status.mode & 0o7777).toString(8).padStart(4, '0'), uid: status.uid, gid: status.gid }
    }),
  )
}

/** Links are followed here, on the host: within the new root they would lead elsewhere. */
async function resolved(mount: Mount): Promise<ResolvedMount> {
  refuseOddPaths(mount)
  try {
    const hostPath = await realpath(mount.hostPath)
    return { ...mount, hostPath, isFolder: (await stat(hostPath)).isDirectory() }
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new StartError(
      'CreateContainerError',
      `cannot mount ${mount.hostPath} at ${mount.containerPath}: there is no such file or folder on the node`,
    )
  }
}

function refuseOddPaths({ containerPath }: Mount): void {
  if (containerPath.startsWith('/') && containerPath !== '/' && !/[\n\0]|\/\.\.(\/|$)/.test(containerPath)) return
  throw new StartError(
    'CreateContainerConfigError',
    `cannot mount anything at ${JSON.stringify(containerPath)}: a mountPath is absolute, not "/", and without ".." or line ends`,
  )
}
