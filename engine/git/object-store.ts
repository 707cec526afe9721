import { CatFile } from './cat-file.ts'
import type { ObjectType, RawEntry } from './objects.ts'
import { parseCommit, parseTree, toTreeEntry } from './objects.ts'
import { GitError } from './repository.ts'
import type { Commit, CommitReader, Oid, TreeEntry } from './repository.ts'

/** Trees are small and read again and again; this many entries are kept, some 20 MB. */
const keptEntries = 200_000

/** Reads a repository's objects; with the environment of a quarantine, also those of a push that is not accepted yet. */
export class ObjectStore implements CommitReader {
  readonly #catFile: CatFile
  readonly #trees = new Map<Oid, readonly RawEntry[]>()
  #entries = 0

  constructor(repository: string, env?: Readonly<Record<string, string>>) {
    this.#catFile = new CatFile(repository, env)
  }

  async readRawCommit(oid: Oid): Promise<Buffer> {
    return await this.#read(oid, 'commit')
  }

  async readCommit(oid: Oid): Promise<Commit> {
    const data = await this.readRawCommit(oid)
    return parsed(oid, () => parseCommit(oid, data))
  }

  async readTree(oid: Oid): Promise<readonly TreeEntry[]> {
    return (await this.readEntries(oid)).map(toTreeEntry)
  }

  async readBlob(oid: Oid): Promise<Buffer> {
    return await this.#read(oid, 'blob')
  }

  async blobSize(oid: Oid): Promise<number> {
    const { type, size } = await this.#catFile.info(oid)
    return checked(oid, { wanted: 'blob', type }, size)
  }

  async readEntries(oid: Oid): Promise<readonly RawEntry[]> {
    const known = this.#trees.get(oid)
    if (known) {
      this.#trees.delete(oid)
      this.#trees.set(oid, known)
      return known
    }
    const data = await this.#read(oid, 'tree')
    const entries = parsed(oid, () => parseTree(data))
    this.keep(oid, entries)
    return entries
  }

  /** Remembers a tree that was just written; the ones not used for longest are forgotten. */
  keep(oid: Oid, entries: readonly RawEntry[]): void {
    if (this.#trees.has(oid)) return
    this.#trees.set(oid, entries)
    this.#entries += entries.length
    for (const [oldest, { length }] of this.#trees) {
      if (this.#entries <= keptEntries) return
      this.#trees.delete(oldest)
      this.#entries -= length
    }
  }

  async close(): Promise<void> {
    await this.#catFile.close()
  }

  async #read(oid: Oid, wanted: ObjectType): Promise<Buffer> {
    const { type, data } = await this.#catFile.contents(oid)
    return checked(oid, { wanted, type }, data)
  }
}

export function checked<T>(oid: Oid, { wanted, type }: { wanted: ObjectType; type: ObjectType }, value: T): T {
  if (type === wanted) return value
  throw new GitError('ObjectMissing', `object ${oid} is a ${type}, not a ${wanted}`)
}

export function parsed<T>(oid: Oid, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new GitError('ObjectCorrupt', `object ${oid} cannot be read: ${words}`, 'look at it with git fsck')
  }
}
