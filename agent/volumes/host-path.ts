import type { Stats } from 'node:fs'
import { mkdir, open, stat } from 'node:fs/promises'
import type { Volume } from '../../engine/api/types.ts'
import { VolumeError } from './files.ts'

type HostPath = NonNullable<Volume['hostPath']>

const checks: Readonly<Record<string, { is: (stats: Stats) => boolean; name: string }>> = {
  Directory: { is: stats => stats.isDirectory(), name: 'a directory' },
  DirectoryOrCreate: { is: stats => stats.isDirectory(), name: 'a directory' },
  File: { is: stats => stats.isFile(), name: 'a file' },
  FileOrCreate: { is: stats => stats.isFile(), name: 'a file' },
  Socket: { is: stats => stats.isSocket(), name: 'a socket file' },
  CharDevice: { is: stats => stats.isCharacterDevice(), name: 'a character device' },
  BlockDevice: { is: stats => stats.isBlockDevice(), name: 'a block device' },
}

/** Makes what the type says to make, and refuses what it says is not there. */
export async function checkHostPath(volume: string, { path, type }: HostPath): Promise<void> {
  const check = checks[type]
  if (!check) return
  const refuse = (why: string) => new VolumeError(volume, `hostPath type check failed: ${path} ${why}`)
  try {
    if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
    if (type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close()
  } catch (error) {
    throw refuse(`cannot be made: ${error instanceof Error ? error.message : String(error)}`)
  }
  const stats = await stat(path).catch(() => undefined)
  if (!stats || !check.is(stats)) throw refuse(`is not ${check.name}`)
}
