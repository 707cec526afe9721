import type { TreeReader } from './tree.ts'

/** What is known of a path: a file's contents in base64, or what it is. */
export type KnownPath = { readonly base64: string } | 'folder' | 'symlink' | 'submodule' | 'nothing'

/** The part of a commit's tree that a worker was handed. Paths are from the root of the tree; '' is the root. */
export type KnownPaths = Readonly<Record<string, KnownPath>>

/** A path of which nothing is known yet: the worker asks for it, and begins again with more at hand. */
export class Needed extends Error {
  readonly path: string
  constructor(path: string) {
    super(path)
    this.path = path
  }
}

/** Reads what is at hand, notes in `asked` each path that was looked for, and throws `Needed` at the first unknown one. */
export function knownTree(paths: KnownPaths, asked: Set<string>): TreeReader {
  const known = (path: string): KnownPath => {
    asked.add(path)
    const found = Object.hasOwn(paths, path) ? paths[path] : undefined
    if (found === undefined) throw new Needed(path)
    return found
  }
  return {
    read: path => {
      const found = known(path)
      return typeof found === 'object' ? Uint8Array.from(Buffer.from(found.base64, 'base64')) : undefined
    },
    kind: path => {
      const found = known(path)
      if (typeof found === 'object') return 'file'
      return found === 'nothing' ? undefined : found
    },
  }
}
