/**
 * Writes a volume's files so that a reader sees the old ones or the new ones, never a mixture: the way of the kubelet's
 * AtomicWriter. The files lie in a folder of their own (`..2026_11_20_19_08_09.a1b2c3`), `..data` points to it, and
 * `key` to `..data/key`; an update is one rename of `..data`.
 */
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { VolumeFile } from './files.ts'

const current = '..data'
const incoming = '..data_tmp'

/** True: something changed. */
export async function writeAtomically(
  folder: string,
  { files, group }: { files: readonly VolumeFile[]; group?: number },
): Promise<boolean> {
  const wanted = files.map(file => ({ ...file, mode: group === undefined ? file.mode : groupMode(file.mode) }))
  const before = await readlink(join(folder, current)).catch(() => undefined)
  if (before !== undefined && (await holds(join(folder, before), wanted))) return false
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_')
  const version = await mkdtemp(join(folder, `..${stamp}.`))
  await chmod(version, 0o755)
  for (const file of wanted) await writeOne(version, { file, group })
  await rm(join(folder, incoming), { force: true })
  await symlink(nameOf(version), join(folder, incoming))
  await rename(join(folder, incoming), join(folder, current))
  await linkEntries(folder, wanted)
  await removeOthers(folder, nameOf(version))
  return true
}

/** With a group, members may read what the owner may. */
function groupMode(mode: number): number {
  return mode | 0o440
}

async function writeOne(
  version: string,
  { file, group }: { file: VolumeFile; group: number | undefined },
): Promise<void> {
  const path = join(version, file.path)
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await writeFile(path, file.content, { mode: 0o600 })
  if (group !== undefined) await chown(path, -1, group)
  await chmod(path, file.mode)
}

async function linkEntries(folder: string, files: readonly VolumeFile[]): Promise<void> {
  const entries = new Set(files.map(file => firstPart(file.path)))
  for (const name of await readdir(folder)) {
    if (!name.startsWith('..') && !entries.has(name)) await rm(join(folder, name), { force: true })
  }
  for (const entry of entries) {
    const path = join(folder, entry)
    if (!(await lstat(path).catch(() => undefined))) await symlink(join(current, entry), path)
  }
}

/** Folders of earlier versions, and of a write that was cut short. */
async function removeOthers(folder: string, version: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('..2') && name !== version) await rm(join(folder, name), { recursive: true, force: true })
  }
}

async function holds(version: string, wanted: readonly VolumeFile[]): Promise<boolean> {
  const present = await readdir(version, { recursive: true, withFileTypes: true }).catch(() => [])
  if (present.filter(entry => entry.isFile()).length !== wanted.length) return false
  for (const { path, content, mode } of wanted) {
    const file = join(version, path)
    const stat = await lstat(file).catch(() => undefined)
    if (!stat?.isFile() || (stat.mode & 0o7777) !== mode || !(await readFile(file)).equals(content)) return false
  }
  return true
}

function firstPart(path: string): string {
  return path.split('/')[0] ?? path
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
