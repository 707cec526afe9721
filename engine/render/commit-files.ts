import type { ObjectReader, Oid, TreeEntry } from '../git/repository.ts'
import { splitPath } from './tree.ts'

/** The tree of one commit, each of its folders read at most once. */
export class CommitFiles {
  readonly objects: ObjectReader
  readonly tree: Oid
  readonly #entries = new Map<string, Promise<readonly TreeEntry[] | undefined>>()

  constructor({ objects, tree }: { readonly objects: ObjectReader; readonly tree: Oid }) {
    this.objects = objects
    this.tree = tree
  }

  /** Undefined where there is no such folder. */
  entries(folder: string): Promise<readonly TreeEntry[] | undefined> {
    const known = this.#entries.get(folder) ?? this.#read(folder)
    this.#entries.set(folder, known)
    return known
  }

  async #read(folder: string): Promise<readonly TreeEntry[] | undefined> {
    if (folder === '') return this.objects.readTree(this.tree)
    const { folder: above, name } = splitPath(folder)
    const entry = (await this.entries(above))?.find(each => each.name === name)
    return entry?.kind === 'tree' ? this.objects.readTree(entry.oid) : undefined
  }
}

/** What a path that a unit looked for was: equal ids, equal answers. '' where nothing was. */
export async function pathId(files: CommitFiles, path: string): Promise<string> {
  const { folder, name } = splitPath(path)
  const entries = await files.entries(folder)
  if (entries === undefined) return ''
  if (name === '') return listingId(entries)
  const entry = entries.find(each => each.name === name)
  return entry === undefined ? '' : entryId(entry)
}

/** A folder's own id would change with every file in it: what counts is that it is one. */
export function entryId({ kind, oid }: TreeEntry): string {
  return kind === 'tree' ? 'folder' : `${kind} ${oid}`
}

/** The names in a folder, which hold no slash. */
export function listingId(entries: readonly TreeEntry[]): string {
  return entries.map(({ name }) => name).join('/')
}
