/** Files as a tar stream, and back: what `gantry cp` sends and takes. */
import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, mkdir, readdir, readlink } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, pack } from 'tar-stream'
import type { Header } from 'tar-stream'
import { CliError } from '../failure.ts'

/** A file or folder under another name, with all that is in it. */
export async function packFiles(path: string, { as, into }: { as: string; into: Writable }): Promise<void> {
  const archive = pack()
  const sent = pipeline(archive, into)
  const added = (async () => {
    await add(archive, path, as)
    archive.finalize()
  })()
  await Promise.all([sent, added])
}

async function add(archive: ReturnType<typeof pack>, path: string, name: string): Promise<void> {
  const status = await lstat(path)
  const head = { name, mode: status.mode & 0o7777, mtime: status.mtime }
  if (status.isDirectory()) {
    await entry(archive, { ...head, type: 'directory' })
    for (const child of (await readdir(path)).sort()) await add(archive, join(path, child), `${name}/${child}`)
  } else if (status.isSymbolicLink()) {
    await entry(archive, { ...head, type: 'symlink', linkname: await readlink(path) })
  } else if (status.isFile() && status.size === 0) {
    await new Promise(done => archive.entry({ ...head, type: 'file', size: 0 }, '', done))
  } else if (status.isFile()) {
    // A file that grows meanwhile is sent as long as it was.
    const contents = createReadStream(path, { end: status.size - 1 })
    await pipeline(contents, archive.entry({ ...head, type: 'file', size: status.size }))
  }
}

function entry(archive: ReturnType<typeof pack>, head: Partial<Header> & { name: string }): Promise<void> {
  return new Promise((done, reject) => {
    archive.entry(head, error => (error ? reject(error) : done()))
  })
}

export interface Unpacking {
  /** What was asked for, as tar names it: nothing else is taken. */
  readonly from: string
  /** Where it goes. */
  readonly to: string
  /** Entries that are left out. */
  skipped(message: string): void
}

/**
 * Writes files and folders, and nothing outside `to`: the other side is a container, which may say anything. Links are
 * left out for the same reason, as kubectl does.
 */
export async function unpackFiles(source: Readable, { from, to, skipped }: Unpacking): Promise<void> {
  const archive = extract()
  const read = pipeline(source, archive)
  const taken = (async () => {
    for await (const file of archive) {
      const { name, type, mode, linkname } = file.header
      const path = placeOf(name, { from, to })
      if (type === 'directory') {
        await mkdir(path, { recursive: true })
        file.resume()
      } else if (type === 'file' || type === 'contiguous-file') {
        await mkdir(dirname(path), { recursive: true })
        await pipeline(file, createWriteStream(path, { mode: (mode ?? 0o644) & 0o777 }))
      } else {
        if (type === 'symlink') skipped(`warning: skipping symlink: "${name}" -> "${linkname ?? ''}"\n`)
        file.resume()
      }
    }
  })()
  await Promise.all([read, taken])
}

function placeOf(name: string, { from, to }: { from: string; to: string }): string {
  const clean = name.replace(/\/+$/, '')
  if (clean !== from && !clean.startsWith(`${from}/`)) {
    throw new CliError(`tar contents corrupted: "${name}" is not below "${from}"`)
  }
  const path = resolve(to, `.${clean.slice(from.length)}`)
  const inside = relative(resolve(to), path)
  if (inside === '..' || inside.startsWith('../')) {
    throw new CliError(`tar contents corrupted: "${name}" would be written outside ${to}`)
  }
  return path
}
