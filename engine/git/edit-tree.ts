import { encodeTree, fileMode, modeOf, newObject, toRawName, treeMode } from './objects.ts'
import type { NewObject, RawEntry } from './objects.ts'
import type { Change, Oid } from './repository.ts'

/** What is to become of the names in one folder, or changes further down. */
interface FolderEdit {
  readonly files: Map<string, Exclude<Change, string>>
  readonly folders: Map<string, FolderEdit>
}

export type ReadEntries = (tree: Oid) => Promise<readonly RawEntry[]>

export interface EditedTree {
  readonly tree: Oid
  /** What has to be written for the tree to exist; each object once. */
  readonly objects: readonly NewObject[]
  /** The trees among `objects`, parsed. */
  readonly trees: ReadonlyMap<Oid, readonly RawEntry[]>
}

/**
 * Applies changes, by path, to a tree; undefined is the empty one. Reads the trees on the way
 * to what changes and no others. A folder that becomes empty goes.
 */
export async function editTree(
  base: Oid | undefined,
  changes: ReadonlyMap<string, Change>,
  read: ReadEntries,
): Promise<EditedTree> {
  const objects = new Map<Oid, NewObject>()
  const trees = new Map<Oid, readonly RawEntry[]>()

  async function applyTo(tree: Oid | undefined, edit: FolderEdit): Promise<readonly RawEntry[]> {
    const before = tree === undefined ? [] : await read(tree)
    const after = before.filter(entry => !edit.files.has(entry.name) && !edit.folders.has(entry.name))
    const old = new Map(
      before.filter(({ name }) => edit.files.has(name) || edit.folders.has(name)).map(entry => [entry.name, entry]),
    )
    for (const [name, change] of edit.files) {
      if (change === null) continue
      if (Buffer.isBuffer(change)) {
        after.push({ name, mode: modeAfter(old.get(name)), oid: add(newObject('blob', change)) })
      } else after.push({ name, mode: modeOf(change.kind), oid: change.oid })
    }
    for (const [name, inner] of edit.folders) {
      const was = old.get(name)
      const entries = await applyTo(was?.mode === treeMode ? was.oid : undefined, inner)
      if (entries.length > 0) after.push({ name, mode: treeMode, oid: addTree(entries) })
      // Removing what is inside a folder leaves a file of that name alone.
      else if (was && was.mode !== treeMode && onlyRemoves(inner)) after.push(was)
    }
    return after
  }

  function add(object: NewObject): Oid {
    objects.set(object.oid, object)
    return object.oid
  }

  function addTree(entries: readonly RawEntry[]): Oid {
    const tree = add(encodeTree(entries))
    trees.set(tree, entries)
    return tree
  }

  const tree = addTree(await applyTo(base, group(changes)))
  return { tree, objects: [...objects.values()], trees }
}

/** A file that was executable stays it; what was a link or a folder becomes a plain file. */
function modeAfter(before: RawEntry | undefined): string {
  return before?.mode === '100755' ? before.mode : fileMode
}

function onlyRemoves(edit: FolderEdit): boolean {
  return [...edit.files.values()].every(change => change === null) && [...edit.folders.values()].every(onlyRemoves)
}

function group(changes: ReadonlyMap<string, Change>): FolderEdit {
  const root: FolderEdit = { files: new Map(), folders: new Map() }
  for (const [path, change] of changes) {
    const names = path.split('/')
    if (!names.every(isLegal)) throw new TypeError(`${JSON.stringify(path)} cannot be a path in a git tree`)
    const last = names.pop() ?? ''
    let edit = root
    for (const name of names.map(toRawName)) {
      const inner = edit.folders.get(name) ?? { files: new Map(), folders: new Map() }
      edit.folders.set(name, inner)
      edit = inner
    }
    edit.files.set(toRawName(last), typeof change === 'string' ? Buffer.from(change) : change)
  }
  return root
}

function isLegal(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.toLowerCase() !== '.git' && !name.includes('\0')
}
