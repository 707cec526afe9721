import { randomUUID } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GitError, type ObjectReader, type Oid, type TreeEntry } from '../git/repository.ts'

/** A folder of the disk in the place of a commit's tree. */
export interface Directory {
  readonly objects: ObjectReader
  readonly tree: Oid
}

/**
 * Reads a folder as it is now, for one rendering: an id here is a path under a prefix of this reading, so that nothing of
 * another reading is taken for it.
 */
export function readDirectory(path: string): Directory {
  const prefix = `${randomUUID()}:`
  const pathOf = (oid: Oid) => {
    if (oid.startsWith(prefix)) return oid.slice(prefix.length)
    throw new GitError('ObjectMissing', `${oid} is not an object of the folder ${path}`)
  }
  return {
    tree: `${prefix}${path}`,
    objects: {
      readCommit: async oid => {
        throw new GitError('ObjectMissing', `${oid}: a folder has no commits`)
      },
      readTree: async oid => {
        const folder = pathOf(oid)
        const found = await readdir(folder, { withFileTypes: true })
        return found
          .flatMap(entry => entryOf(entry, `${prefix}${join(folder, entry.name)}`))
          .sort((a, b) => (gitName(a) < gitName(b) ? -1 : 1))
      },
      readBlob: async oid => readFile(pathOf(oid)),
      blobSize: async oid => (await stat(pathOf(oid))).size,
    },
  }
}

type Found = { readonly name: string; isSymbolicLink(): boolean; isDirectory(): boolean; isFile(): boolean }

function entryOf(found: Found, oid: Oid): TreeEntry[] {
  if (found.isSymbolicLink()) return [{ name: found.name, oid, kind: 'symlink' }]
  if (found.isDirectory()) return [{ name: found.name, oid, kind: 'tree' }]
  // Sockets, pipes and devices are nothing that git could hold.
  return found.isFile() ? [{ name: found.name, oid, kind: 'file' }] : []
}

/** Git sorts a folder as if its name ended in a slash. */
function gitName({ name, kind }: TreeEntry): string {
  return kind === 'tree' ? `${name}/` : name
}
