import { createHash } from 'node:crypto'
import type { ObjectReader, Oid, TreeEntry } from '../git/repository.ts'

/** A commit's tree in memory, which counts what is read of it. */
export interface TreeFixture {
  readonly tree: Oid
  readonly objects: { -readonly [Name in keyof ObjectReader]: ObjectReader[Name] }
  readonly reads: { trees: number; blobs: number }
  readonly time: number
}

export type Contents = string | Uint8Array | { readonly link: string } | { readonly submodule: string }

/** Paths with their contents, as git would hold them: equal contents have equal ids. */
export function treeOf(files: Readonly<Record<string, Contents>>): TreeFixture {
  const trees = new Map<Oid, readonly TreeEntry[]>()
  const blobs = new Map<Oid, Buffer>()
  const reads = { trees: 0, blobs: 0 }
  const addTree = (inside: readonly (readonly [string, Contents])[]): Oid => {
    const names = [...new Set(inside.map(([path]) => path.split('/')[0] ?? ''))].sort()
    const entries = names.map((name): TreeEntry => {
      const own = inside.find(([path]) => path === name)
      if (own !== undefined) return addFile(name, own[1])
      const below = inside.flatMap(([path, contents]) =>
        path.startsWith(`${name}/`) ? [[path.slice(name.length + 1), contents] as const] : [],
      )
      return { name, kind: 'tree', oid: addTree(below) }
    })
    const oid = idOf(JSON.stringify(entries))
    trees.set(oid, entries)
    return oid
  }
  const addFile = (name: string, contents: Contents): TreeEntry => {
    if (typeof contents === 'object' && 'submodule' in contents)
      return { name, kind: 'submodule', oid: contents.submodule }
    const isLink = typeof contents === 'object' && 'link' in contents
    const bytes = Buffer.from(isLink ? contents.link : contents)
    const oid = idOf(bytes)
    blobs.set(oid, bytes)
    return { name, kind: isLink ? 'symlink' : 'file', oid }
  }
  return {
    time: 0,
    tree: addTree(Object.entries(files)),
    reads,
    objects: {
      readCommit: async oid => Promise.reject(new Error(`no commit ${oid}`)),
      readTree: async oid => {
        reads.trees += 1
        return trees.get(oid) ?? Promise.reject(new Error(`no tree ${oid}`))
      },
      readBlob: async oid => {
        reads.blobs += 1
        return blobs.get(oid) ?? Promise.reject(new Error(`no blob ${oid}`))
      },
      blobSize: async oid => blobs.get(oid)?.length ?? Promise.reject(new Error(`no blob ${oid}`)),
    },
  }
}

function idOf(contents: string | Uint8Array): Oid {
  return createHash('sha1').update(contents).digest('hex')
}
