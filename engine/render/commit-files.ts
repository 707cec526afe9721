import type { ObjectReader, Oid, TreeEntry } from '../git/repository.ts'
import { splitPath } from './tree.ts'

/** The entries of a folder by their names, in the tree's order. */
type Entries = ReadonlyMap<string, TreeEntry>

/** The tree of one commit, each of its folders read at most once. */
export class CommitFiles {
  readonly objects: ObjectReader
  readonly tree: Oid
  readonly #folders = new Map<string, Promise<Entries | undefined>>()

  constructor({ objects, tree }: { readonly objects: ObjectReader; readonly tree: Oid }) {
    this.objects = objects
    this.tree = tree
  }

  /** Undefined where there is no such folder. */
  entries(folder: string): Promise<Entries | undefined> {
    const known = this.#folders.get(folder) ?? this.#read(folder)
    this.#folders.set(folder, known)
    return known
  }

  /** Undefined where nothing is. */
  async entry(path: string): Promise<TreeEntry | undefined> {
    const { folder, name } = splitPath(path)
    return (await this.entries(folder))?.get(name)
  }

  async #read(folder: string): Promise<Entries | undefined> {
    const oid = folder === '' ? this.tree : await this.#treeAt(folder)
    if (oid === undefined) return undefined
    return new Map((await this.objects.readTree(oid)).map(entry => [entry.name, entry]))
  }

  async #treeAt(folder: string): Promise<Oid | undefined> {
    const entry = await this.entry(folder)
    return entry?.kind === 'tree' ? entry.oid : undefined
  }
}

/** What a path that a unit looked for was: equal ids, equal answers. '' where nothing was. */
export async function pathId(files: CommitFiles, path: string): Promise<string> {
  const { folder, name } = splitPath(path)
  const entries = await files.entries(folder)
  if (entries === undefined) return ''
  if (name === '') return listingId([...entries.values()])
  const entry = entries.get(name)
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
