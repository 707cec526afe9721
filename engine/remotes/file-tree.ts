import {
  type NewObject,
  type RawEntry,
  encodeTree,
  fileMode,
  newObject,
  parseTree,
  toRawName,
  toTreeEntry,
  treeMode,
} from '../git/objects.ts'
import { GitError } from '../git/repository.ts'
import type { ObjectReader, Oid } from '../git/repository.ts'

/** A tree of files, read like that of a commit; the ids are those that git would give. */
export interface FileTree {
  readonly objects: ObjectReader
  readonly tree: Oid
}

/** Files by their paths, without the folders on the way; no path is another's folder. */
export function fileTree(files: ReadonlyMap<string, Buffer>): FileTree {
  const blobs = new Map<Oid, Buffer>()
  const trees = new Map<Oid, readonly RawEntry[]>()
  const root: Folder = { files: new Map(), folders: new Map() }
  for (const [path, contents] of files) {
    const names = path.split('/')
    const folder = names.slice(0, -1).reduce(folderIn, root)
    const blob = newObject('blob', contents)
    blobs.set(blob.oid, contents)
    folder.files.set(names.at(-1) ?? '', blob.oid)
  }
  const write = ({ files: own, folders }: Folder): NewObject => {
    const entries: readonly RawEntry[] = [
      ...[...own].map(([name, oid]) => ({ name: toRawName(name), mode: fileMode, oid })),
      ...[...folders].map(([name, folder]) => ({ name: toRawName(name), mode: treeMode, oid: write(folder).oid })),
    ]
    const tree = encodeTree(entries)
    trees.set(tree.oid, parseTree(tree.data))
    return tree
  }
  const tree = write(root).oid
  return {
    tree,
    objects: {
      readCommit: async oid => missing(oid),
      readTree: async oid => (trees.get(oid) ?? missing(oid)).map(toTreeEntry),
      readBlob: async oid => blobs.get(oid) ?? missing(oid),
      blobSize: async oid => (blobs.get(oid) ?? missing(oid)).length,
    },
  }
}

interface Folder {
  readonly files: Map<string, Oid>
  readonly folders: Map<string, Folder>
}

function folderIn(above: Folder, name: string): Folder {
  const known = above.folders.get(name)
  if (known !== undefined) return known
  const made: Folder = { files: new Map(), folders: new Map() }
  above.folders.set(name, made)
  return made
}

function missing(oid: Oid): never {
  throw new GitError('ObjectMissing', `${oid} is not an object of this archive`)
}
