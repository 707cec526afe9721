import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { entryUrl } from '../protocol/entries.ts'

/** Below so many lines it is not worth rewriting the file. */
const fewLines = 1_000

interface Range {
  readonly offset: number
  readonly length: number
}

/**
 * Units on disk, so that a restarted engine reads no unchanged file again: lines of `key<TAB>checksum<TAB>unit as JSON`,
 * appended (the last line of a key counts), and rewritten once most of them are of no use. It is a cache: what is wrong with it makes it as good as
 * empty, and a line that a crash tore, or whose checksum is wrong, is passed over.
 */
export class DiskCache {
  readonly #folder: string
  readonly #ranges = new Map<string, Range>()
  readonly #added = new Map<string, string>()
  /** The file as it was opened, until the first rendering is over: that asks for nearly all of it. */
  #contents: Buffer | undefined
  #lines = 0
  /** Above so many lines it is worth looking how many are of use. */
  #enough = fewLines
  #size = 0
  #file: Promise<FileHandle | undefined> | undefined
  #saving: Promise<void> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
  }

  async get(key: string): Promise<string | undefined> {
    const file = await (this.#file ??= this.#open())
    const range = this.#ranges.get(key)
    if (file === undefined || range === undefined) return undefined
    const { offset, length } = range
    if (this.#contents !== undefined && offset + length <= this.#contents.length) {
      return unsealed(key, this.#contents.toString('utf8', offset, offset + length))
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
    return bytesRead === length ? unsealed(key, buffer.toString()) : undefined
  }

  put(key: string, unit: string): void {
    this.#added.set(key, sealed(key, unit))
  }

  /** Writes what was added, in the background; `live` are the keys that a rewritten file would keep. */
  save(live: () => ReadonlySet<string>): void {
    this.#saving = this.#saving.then(() => this.#save(live)).finally(() => (this.#contents = undefined))
  }

  async close(): Promise<void> {
    await this.#saving
    await (await this.#file)?.close()
    this.#file = Promise.resolve(undefined)
  }

  async #open(): Promise<FileHandle | undefined> {
    const name = `units-${rendererVersion()}`
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      for (const other of await readdir(this.#folder)) {
        if (other.startsWith('units-') && other !== name) await rm(join(this.#folder, other))
      }
      const file = await open(join(this.#folder, name), 'a+', 0o600)
      this.#contents = await file.readFile()
      this.#index(this.#contents)
      return file
    } catch (error) {
      if (error instanceof Error && 'code' in error) return undefined
      throw error
    }
  }

  #index(contents: Buffer): void {
    let start = 0
    for (let end = contents.indexOf(10); end >= 0; end = contents.indexOf(10, start)) {
      const tab = contents.indexOf(9, start)
      if (tab > start && tab < end) {
        this.#ranges.set(contents.toString('latin1', start, tab), { offset: tab + 1, length: end - tab - 1 })
      }
      this.#lines += 1
      start = end + 1
    }
    this.#size = contents.length
  }

  async #save(live: () => ReadonlySet<string>): Promise<void> {
    if (this.#added.size === 0) return
    const file = await (this.#file ??= this.#open())
    if (file === undefined) {
      this.#added.clear()
      return
    }
    try {
      await this.#append(file)
      if (this.#lines > this.#enough) await this.#tidy(file, live())
    } catch (error) {
      // A full disk: the engine says so where it matters, and renders without a cache.
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }

  async #tidy(file: FileHandle, live: ReadonlySet<string>): Promise<void> {
    if (this.#lines > 2 * live.size) await this.#rewrite(file, live)
    this.#enough = 2 * Math.max(this.#lines, fewLines)
  }

  async #append(file: FileHandle): Promise<void> {
    const added = [...this.#added]
    this.#added.clear()
    // The first line feed ends a line that a crash tore.
    const lines = added.map(([key, unit]) => Buffer.from(`\n${key}\t${unit}`))
    const { size } = await file.stat()
    await file.appendFile(Buffer.concat([...lines, Buffer.from('\n')]))
    let offset = size
    for (const [index, [key]] of added.entries()) {
      const length = lines[index]?.length ?? 0
      const head = Buffer.byteLength(key) + 2
      this.#ranges.set(key, { offset: offset + head, length: length - head })
      offset += length
    }
    this.#lines += added.length
    this.#size = offset + 1
  }

  async #rewrite(file: FileHandle, keep: ReadonlySet<string>): Promise<void> {
    const path = join(this.#folder, `units-${rendererVersion()}`)
    const contents = await readWhole(file, this.#size)
    const kept = [...this.#ranges].filter(([key]) => keep.has(key))
    const lines = kept.map(([key, { offset, length }]) =>
      Buffer.concat([Buffer.from(`${key}\t`), contents.subarray(offset, offset + length), Buffer.from('\n')]),
    )
    const next = await open(`${path}.new`, 'w', 0o600)
    await next.writeFile(Buffer.concat(lines))
    await next.close()
    await rename(`${path}.new`, path)
    await file.close()
    this.#ranges.clear()
    this.#lines = 0
    this.#file = this.#open()
    await this.#file
  }
}

async function readWhole(file: FileHandle, size: number): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(size), 0, size, 0)
  return buffer
}

/** A unit after a checksum of it and its key: what a disk or a crash changed could still be JSON. */
function sealed(key: string, unit: string): string {
  return `${checksum(`${key}\t${unit}`)}\t${unit}`
}

function unsealed(key: string, text: string): string | undefined {
  const unit = text.slice(text.indexOf('\t') + 1)
  return sealed(key, unit) === text ? unit : undefined
}

function checksum(text: string): string {
  return crc32(text).toString(16)
}

let version: string | undefined

/** The renderer is the worker's program: another program may read the same file in another way. */
function rendererVersion(): string {
  version ??= createHash('sha256')
    .update(readFileSync(entryUrl('render-worker')))
    .digest('hex')
    .slice(0, 16)
  return version
}
