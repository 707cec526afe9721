import type { Origin } from '../api/problem.ts'
import { rootOf } from '../remotes/place.ts'
import { RenderFailure } from './failure.ts'

/** The files of a commit. Paths are from the root of the tree, without a leading slash; '' is the root. */
export interface TreeReader {
  /** The contents of a file; undefined where there is none. Throws RenderFailure for an encrypted one without its use. */
  read(path: string, use?: FileUse): Uint8Array | undefined
  /** Whether a file is encrypted in the commit. */
  isOpened(path: string): boolean
  kind(path: string): 'file' | 'folder' | 'symlink' | 'submodule' | undefined
  /** The names in a folder, in the tree's own order; undefined where there is no such folder. */
  list(path: string): readonly string[] | undefined
}

/** What becomes of a file that may be encrypted: manifests, or the values of a Secret. */
export type FileUse = 'manifests' | 'secret'

/** `a/b/c` → `a/b` and `c`. */
export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/')
  return { folder: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) }
}

/** What stands for the names in a folder among the paths that a unit looked for. */
export function listingOf(folder: string): string {
  return `${folder}/`
}

export function pathIn(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** The path that a file of a folder names, from the root of the tree. */
export function pathFrom(folder: string, { path, origin }: { readonly path: string; readonly origin: Origin }): string {
  if (path.startsWith('/')) {
    throw new RenderFailure(`${path} is an absolute path`, { origin, remedy: 'write it relative to this folder' })
  }
  const parts = folder === '' ? [] : folder.split('/')
  // The files of a remote are a repository of their own.
  const least = rootOf(folder) === '' ? 0 : 2
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') {
      parts.push(part)
    } else if (parts.length === least || parts.pop() === undefined) {
      throw new RenderFailure(`${path} leads out of the repository`, {
        origin,
        remedy: 'copy what it names into the repository',
      })
    }
  }
  return parts.join('/')
}

/** A path's kind, with every folder on the way: a symbolic link is never followed. */
export function kindOf(
  tree: TreeReader,
  { path, origin }: { readonly path: string; readonly origin: Origin },
): 'file' | 'folder' | undefined {
  const parts = path === '' ? [] : path.split('/')
  for (let length = 1; length <= parts.length; length++) {
    const at = parts.slice(0, length).join('/')
    const kind = tree.kind(at)
    if (kind === 'symlink' || kind === 'submodule') {
      const what = kind === 'symlink' ? 'a symbolic link, which is not followed' : 'a submodule, which is not read'
      throw new RenderFailure(`${at} is ${what}`, { origin, remedy: 'name the path of what it points to' })
    }
    if (length === parts.length) return kind
    if (kind !== 'folder') return undefined
  }
  return 'folder'
}
