/** What was fetched, by the digest of its bytes: looked at anew whenever it is read, and never larger than its bound. */
import { createHash } from 'node:crypto'
import { readFile, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, makePrivateFolder, writeFileDurably } from '../../machine/files.ts'

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export class DigestStore {
  readonly #folder: string
  readonly #maxBytes: number

  constructor(folder: string, { maxBytes }: { readonly maxBytes: number }) {
    this.#folder = folder
    this.#maxBytes = maxBytes
  }

  /** Undefined where it is not kept, or no longer what it was. */
  async get(digest: string): Promise<Buffer | undefined> {
    const path = this.#path(digest)
    try {
      const bytes = await readFile(path)
      if (digestOf(bytes) !== digest) {
        await rm(path, { force: true })
        return undefined
      }
      // What was used last is dropped last.
      const now = new Date()
      await utimes(path, now, now)
      return bytes
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async put(bytes: Uint8Array): Promise<void> {
    await makePrivateFolder(this.#folder)
    await writeFileDurably(this.#path(digestOf(bytes)), bytes, { mode: 0o600 })
    await this.#trim()
  }

  async #trim(): Promise<void> {
    const names = await readdir(this.#folder)
    const files = await Promise.all(names.map(async name => this.#look(name)))
    let sum = 0
    for (const { path, size } of files.sort((a, b) => b.used - a.used || (a.path < b.path ? -1 : 1))) {
      sum += size
      if (sum > this.#maxBytes) await rm(path, { force: true })
    }
  }

  /** Another process may drop the same file at the same time. */
  async #look(name: string): Promise<{ path: string; size: number; used: number }> {
    const path = join(this.#folder, name)
    const found = await stat(path).catch(() => undefined)
    return { path, size: found?.size ?? 0, used: found?.mtimeMs ?? 0 }
  }

  #path(digest: string): string {
    return join(this.#folder, digest.replace(':', '-'))
  }
}
