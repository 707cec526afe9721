/** A commit's tree with its remotes in it, so that whatever reads, compares and remembers trees does so with remotes too. */
import { newObject } from '../git/objects.ts'
import type { ObjectReader, Oid, TreeEntry } from '../git/repository.ts'
import { RemoteFailure } from './failure.ts'
import { type FileTree, fileTree } from './file-tree.ts'
import type { Lock } from './lock.ts'
import { type Place, mountFolder, placeName, placesFolder } from './place.ts'
import type { RemoteTree, Remotes } from './remotes.ts'

export interface Mounted extends FileTree {
  /** By `describeRemote`: all that the lock has. */
  readonly places: ReadonlyMap<string, Place>
  /** Something is missing that may be there at the next try: what is rendered from this is not to be remembered. */
  readonly isPassing: boolean
}

export interface MountOptions {
  readonly remotes: Remotes
  readonly lock: Lock
  /** `spec.remotes.hosts` of gantry.yaml. */
  readonly hosts: readonly string[]
}

/** Never rejects for a remote: who names one that is not to be had is told why. */
export async function mount(source: FileTree, { remotes, lock, hosts }: MountOptions): Promise<Mounted> {
  const opened = await Promise.all(
    [...lock].map(async ([key, { remote }]) => ({
      key,
      remote,
      found: await orFailure(remotes.open(remote, { lock, hosts })),
    })),
  )
  const trees = opened.flatMap(({ found }) => (found instanceof RemoteFailure ? [] : [found]))
  const files = opened.map(
    ({ remote, found }) => [placeName(remote), Buffer.from(JSON.stringify(placeOf(found)))] as const,
  )
  return {
    ...(await withFolder(source, [...trees, { id: placesFolder, ...fileTree(new Map(files)) }])),
    places: new Map(opened.map(({ key, found }) => [key, placeOf(found)])),
    isPassing: opened.some(({ found }) => found instanceof RemoteFailure && found.code === 'Unreachable'),
  }
}

async function orFailure(opening: Promise<RemoteTree>): Promise<RemoteTree | RemoteFailure> {
  try {
    return await opening
  } catch (error) {
    if (error instanceof RemoteFailure) return error
    throw error
  }
}

function placeOf(found: RemoteTree | RemoteFailure): Place {
  if (!(found instanceof RemoteFailure)) return { folder: `${mountFolder}/${found.id}` }
  const { code, message, remedy } = found
  return { code, message, remedy }
}

/** The same tree with one folder more. Equal contents have equal ids; those of the two new trees are ours alone. */
async function withFolder({ objects, tree }: FileTree, trees: readonly RemoteTree[]): Promise<FileTree> {
  const byId = new Map(trees.map(each => [each.id, each.tree]))
  const mounted = [...byId].map(([name, oid]): TreeEntry => ({ name, oid, kind: 'tree' })).sort(byName)
  const folder: TreeEntry = { name: mountFolder, oid: idOf(mounted), kind: 'tree' }
  const root = [...(await objects.readTree(tree)).filter(({ name }) => name !== mountFolder), folder].sort(byName)
  const made = new Map([mounted, root].map(entries => [idOf(entries), entries]))
  /** Whose an object is; all others are the commit's. */
  const owners = new Map<Oid, ObjectReader>(trees.map(each => [each.tree, each.objects]))
  const ownerOf = (oid: Oid): ObjectReader => owners.get(oid) ?? objects
  return {
    tree: idOf(root),
    objects: {
      readCommit: oid => objects.readCommit(oid),
      readBlob: oid => ownerOf(oid).readBlob(oid),
      blobSize: oid => ownerOf(oid).blobSize(oid),
      async readTree(oid) {
        const entries = made.get(oid) ?? (await ownerOf(oid).readTree(oid))
        const owner = owners.get(oid)
        if (owner !== undefined) for (const entry of entries) owners.set(entry.oid, owner)
        return entries
      },
    },
  }
}

function idOf(entries: readonly TreeEntry[]): Oid {
  return newObject('tree', Buffer.from(JSON.stringify(entries))).oid
}

/** Git sorts a folder as if its name ended in a slash. */
function byName(a: TreeEntry, b: TreeEntry): number {
  const [first, second] = [a, b].map(({ name, kind }) => (kind === 'tree' ? `${name}/` : name)) as [string, string]
  return first < second ? -1 : 1
}
