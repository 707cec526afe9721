import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { formatProblem } from '../api/problem.ts'
import { isMissing, writeFileDurably } from '../../machine/files.ts'
import { type Lock, emptyLock, lockFile, readLock, writeLock } from '../remotes/lock.ts'
import { mount } from '../remotes/mount.ts'
import type { Remote } from '../remotes/remote.ts'
import { readDirectory } from '../render/directory.ts'
import { createRenderer } from '../render/renderer.ts'
import { createVendor, describeChanges } from '../vendor/vendor.ts'
import { CliError, exitCodes } from './failure.ts'
import { openRemotes } from './open-remotes.ts'
import { filesForGit } from './render-source.ts'
import type { Terminal } from './terminal.ts'

export interface VendorFlags {
  /** True: everything; names: these. */
  readonly update?: true | readonly string[]
  readonly check: boolean
  readonly registryConfig?: string
}

/** Writes what the charts and bases are that a folder names, or says that it is written already; the exit code. */
export async function vendorFolder(
  folder: string,
  { flags, terminal }: { readonly flags: VendorFlags; readonly terminal: Terminal },
): Promise<number> {
  await expectFolder(folder)
  const path = join(folder, lockFile)
  const before = await readLockFile(path)
  const { lock, problems, others } = await readVendored(folder, { before, flags })
  for (const problem of problems) terminal.note(`${formatProblem(problem)}\n`)
  if (others > 0) {
    // What could not be rendered may name what is pinned.
    terminal.note(`the folder has ${others} other error${others === 1 ? '' : 's'}: gantry validate names them\n`)
  }
  const isWhole = others === 0 && problems.length === 0
  const after = isWhole ? lock : new Map([...before, ...lock])
  const changes = describeChanges(before, after)
  for (const line of changes) terminal.write(`${line}\n`)
  if (changes.length === 0 && problems.length === 0) {
    terminal.write(after.size === 0 ? 'nothing here comes from elsewhere\n' : `${lockFile} says what everything is\n`)
  }
  if (flags.check) {
    const isCurrent = changes.length === 0 && problems.length === 0
    if (!isCurrent) terminal.note(`${lockFile} is not up to date; run gantry vendor, and commit it\n`)
    return isCurrent ? 0 : exitCodes.failed
  }
  if (changes.length > 0) await writeLockFile(path, after)
  return problems.length > 0 ? exitCodes.failed : 0
}

async function readVendored(folder: string, { before, flags }: { before: Lock; flags: VendorFlags }) {
  const files = readDirectory(folder, { files: await filesForGit(folder) })
  const renderer = createRenderer({ releases: false })
  const remotes = await openRemotes(flags.registryConfig)
  try {
    const { settings } = await renderer.render(files)
    const { hosts } = settings.spec.remotes
    const vendor = createVendor({
      before,
      remotes,
      hosts,
      update: updates(flags.update, before),
      resolves: !flags.check,
    })
    await vendor.bases(files)
    // A base may hold Releases too.
    const { lock } = vendor.vendored()
    const { manifests, problems } = await renderer.render({
      ...files,
      ...(await mount(files, { remotes, lock, hosts })),
    })
    await vendor.charts(manifests)
    return { ...vendor.vendored(), others: problems.filter(({ severity }) => severity === 'error').length }
  } finally {
    await renderer.close()
    await remotes.close()
  }
}

/** Which remotes are looked up anew; a name is that of a chart or repository, or a whole address. */
function updates(asked: VendorFlags['update'], before: Lock): (remote: Remote) => boolean {
  if (asked === undefined || asked === true) return () => asked === true
  const known = [...before.values()].flatMap(({ remote }) => namesOf(remote))
  const unknown = asked.find(name => !known.includes(name))
  if (unknown !== undefined) {
    throw new CliError(`${lockFile} has nothing named ${unknown}`, {
      remedy: known.length === 0 ? 'run gantry vendor' : `name one of ${[...new Set(known)].sort().join(', ')}`,
    })
  }
  return remote => namesOf(remote).some(name => asked.includes(name))
}

function namesOf(remote: Remote): string[] {
  if (remote.kind === 'chart') return [remote.name]
  const address = remote.kind === 'oci' ? remote.oci : remote.url
  return [
    address,
    address
      .split(/[/:]/)
      .at(-1)
      ?.replace(/\.git$/, '') ?? '',
  ]
}

async function readLockFile(path: string): Promise<Lock> {
  try {
    return readLock(await readFile(path, 'utf8'))
  } catch (error) {
    if (isMissing(error)) return emptyLock
    throw error
  }
}

/** A branch that names nothing remote has no lock. */
async function writeLockFile(path: string, lock: Lock): Promise<void> {
  if (lock.size === 0) await rm(path, { force: true })
  else await writeFileDurably(path, writeLock(lock), { mode: 0o644 })
}

async function expectFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() === true) return
  const what = found === undefined ? 'does not exist' : 'is not a folder'
  throw new CliError(`${folder} ${what}`, { remedy: 'name the folder that holds the manifests' })
}
