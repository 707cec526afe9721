import { listingOf, splitPath, type TreeReader } from './tree.ts'

/** What is known of a path: a file's contents in base64, the names in a folder, or what it is. */
export type KnownPath =
  | { readonly base64: string }
  | { readonly names: readonly string[] }
  | 'folder'
  | 'symlink'
  | 'submodule'
  | 'nothing'

/**
 * The part of a commit's tree that a worker was handed. Paths are from the root of the tree; '' is the root. Where a
 * folder's names are known, other names are known not to be there.
 */
export type KnownPaths = Readonly<Record<string, KnownPath>>

/** A path of which nothing is known yet: the worker asks for it, and begins again with more at hand. */
export class Needed extends Error {
  readonly path: string
  constructor(path: string) {
    super(path)
    this.path = path
  }
}

/**
 * Reads what is at hand, notes in `asked` each path that was looked for (a folder whose names were with a slash at its
 * end), and throws `Needed` at the first unknown one.
 */
export function knownTree(paths: KnownPaths, asked: Set<string>): TreeReader {
  const known = (path: string): KnownPath => {
    asked.add(path)
    const found = at(paths, path)
    if (found !== undefined) return found
    const { folder, name } = splitPath(path)
    const above = at(paths, folder)
    if (typeof above === 'object' && 'names' in above && !above.names.includes(name)) return 'nothing'
    throw new Needed(path)
  }
  return {
    read: path => {
      const found = known(path)
      return typeof found === 'object' && 'base64' in found
        ? Uint8Array.from(Buffer.from(found.base64, 'base64'))
        : undefined
    },
    kind: path => {
      const found = known(path)
      if (typeof found === 'object') return 'base64' in found ? 'file' : 'folder'
      return found === 'nothing' ? undefined : found
    },
    list: path => {
      const found = path === '' ? (at(paths, path) ?? 'folder') : known(path)
      asked.add(listingOf(path))
      if (found === 'folder') throw new Needed(listingOf(path))
      return typeof found === 'object' && 'names' in found ? found.names : undefined
    },
  }
}

function at(paths: KnownPaths, path: string): KnownPath | undefined {
  return Object.hasOwn(paths, path) ? paths[path] : undefined
}
