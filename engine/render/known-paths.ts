import { RenderFailure } from './failure.ts'
import type { Place } from './source-text.ts'
import { listingOf, splitPath, type FileUse, type TreeReader } from './tree.ts'

/** What is known of a path: a file's contents in base64, the names in a folder, or what it is. */
export type KnownPath =
  | KnownFile
  | { readonly names: readonly string[] }
  | 'folder'
  | 'symlink'
  | 'submodule'
  | 'nothing'

export type KnownFile = { readonly base64: string } | OpenedFile | { readonly problem: FileProblem }

/** A file that is encrypted in the commit. */
export interface OpenedFile {
  /** Its plain contents, in base64. */
  readonly opened: string
  /** The same where it holds Secrets, with every line where it was; else why it gives no manifests. */
  readonly manifests: string | FileProblem
  /** It was read without its key, as this place says. */
  readonly unchecked?: Place
}

/** What is wrong with a file, for whoever reads it. */
export interface FileProblem extends Place {
  readonly message: string
  readonly remedy?: string
}

/**
 * The part of a commit's tree that a worker was handed. Paths are from the root of the tree; '' is the root. Where a
 * folder's names are known, other names are known not to be there.
 */
export type KnownPaths = ReadonlyMap<string, KnownPath>

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
    const found = paths.get(path)
    if (found !== undefined) return found
    const { folder, name } = splitPath(path)
    const above = paths.get(folder)
    if (typeof above === 'object' && 'names' in above && !above.names.includes(name)) return 'nothing'
    throw new Needed(path)
  }
  return {
    read: (path, use) => {
      const found = known(path)
      if (typeof found !== 'object' || 'names' in found) return undefined
      return new Uint8Array(Buffer.from(contents(found, { path, use }), 'base64'))
    },
    isOpened: path => isOpened(known(path)),
    kind: path => {
      const found = known(path)
      if (typeof found === 'object') return 'names' in found ? 'folder' : 'file'
      return found === 'nothing' ? undefined : found
    },
    list: path => {
      const found = path === '' ? (paths.get(path) ?? 'folder') : known(path)
      asked.add(listingOf(path))
      if (found === 'folder') throw new Needed(listingOf(path))
      return typeof found === 'object' && 'names' in found ? found.names : undefined
    },
  }
}

export function isOpened(found: KnownPath): found is OpenedFile {
  return typeof found === 'object' && 'opened' in found
}

/** What was encrypted is given to nothing that would show it. */
function contents(
  found: KnownFile,
  { path, use }: { readonly path: string; readonly use: FileUse | undefined },
): string {
  if ('base64' in found) return found.base64
  if ('problem' in found) throw failure(path, found.problem)
  if (use === 'secret') return found.opened
  if (use === undefined) {
    throw failure(path, {
      line: 0,
      column: 0,
      message: `${path} is encrypted, but what reads it would show its values in plans and on the observed branch`,
      remedy: 'name it under resources, or in a secretGenerator',
    })
  }
  if (typeof found.manifests === 'string') return found.manifests
  throw failure(path, found.manifests)
}

function failure(file: string, { message, remedy, line, column }: FileProblem): RenderFailure {
  return new RenderFailure(message, { origin: { file, line, column }, remedy })
}
