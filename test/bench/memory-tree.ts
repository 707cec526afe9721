/** A commit's tree in memory, as large as a bench wants it, which counts what is read of it. */
import { createHash } from 'node:crypto'
import type { ObjectReader, Oid, TreeEntry } from '../../engine/git/repository.ts'

interface Folder {
  readonly inside: Map<string, Folder | Oid>
  /** Undefined from an edit until the next commit. */
  oid: Oid | undefined
}

export class MemoryTree {
  readonly reads = { trees: 0, blobs: 0 }
  readonly objects: ObjectReader
  readonly #root: Folder = newFolder()
  readonly #trees = new Map<Oid, readonly TreeEntry[]>()
  readonly #blobs = new Map<Oid, Buffer>()

  constructor() {
    const found = <Value>(value: Value | undefined, oid: Oid): Value => {
      if (value === undefined) throw new Error(`no object ${oid}`)
      return value
    }
    this.objects = {
      readCommit: async oid => Promise.reject(new Error(`no commit ${oid}: there are only trees`)),
      readTree: async oid => {
        this.reads.trees += 1
        return found(this.#trees.get(oid), oid)
      },
      readBlob: async oid => {
        this.reads.blobs += 1
        return found(this.#blobs.get(oid), oid)
      },
      blobSize: async oid => found(this.#blobs.get(oid), oid).length,
    }
  }

  write(path: string, text: string): void {
    const names = path.split('/')
    const name = names.pop() ?? ''
    let folder = this.#root
    folder.oid = undefined
    for (const each of names) {
      const next = folder.inside.get(each)
      const inner = typeof next === 'object' ? next : newFolder()
      folder.inside.set(each, inner)
      inner.oid = undefined
      folder = inner
    }
    const bytes = Buffer.from(text)
    const oid = idOf(bytes)
    this.#blobs.set(oid, bytes)
    folder.inside.set(name, oid)
  }

  /** The tree as it is now. */
  commit(): Oid {
    return this.#commit(this.#root)
  }

  #commit(folder: Folder): Oid {
    if (folder.oid !== undefined) return folder.oid
    const entries = [...folder.inside].map(([name, inner]): TreeEntry =>
      typeof inner === 'string' ? { name, kind: 'file', oid: inner } : { name, kind: 'tree', oid: this.#commit(inner) },
    )
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    folder.oid = idOf(JSON.stringify(entries))
    this.#trees.set(folder.oid, entries)
    return folder.oid
  }
}

function newFolder(): Folder {
  return { inside: new Map(), oid: undefined }
}

function idOf(contents: string | Uint8Array): Oid {
  return createHash('sha1').update(contents).digest('hex')
}
