import { createHash, randomUUID } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { GitError, type ObjectReader, type Oid, type TreeEntry } from '../git/repository.ts'
import { Turnstile } from './turnstile.ts'

/** A folder of the disk in the place of a commit's tree. */
export interface Directory {
  readonly objects: ObjectReader
  readonly tree: Oid
  /** It was never committed: now, in seconds since 1970. */
  readonly time: number
}

/** Larger files are known by their path, and so read anew each time. */
const maxHashedBytes = 1 << 20
/** So many files are open at once. */
const maxOpen = 64

export interface DirectoryOptions {
  /** The paths of the files that count; all where absent. */
  readonly files?: readonly string[] | undefined
}

/**
 * Reads a folder as it is now, for one rendering. The id of a file is the hash of its contents, so that a cache knows it
 * again; that of anything else is a path under a prefix of this reading, so that nothing of another is taken for it.
 */
export function readDirectory(path: string, { files }: DirectoryOptions = {}): Directory {
  const counts = files && withFolders(files)
  const prefix = `${randomUUID()}:`
  const hashed = new Map<Oid, string>()
  const open = new Turnstile(maxOpen)
  const pathOf = (oid: Oid): string => {
    const known = hashed.get(oid)
    if (known !== undefined) return known
    if (oid.startsWith(prefix)) return oid.slice(prefix.length)
    throw new GitError('ObjectMissing', `${oid} is not an object of the folder ${path}`)
  }
  const withHash = async (entry: TreeEntry): Promise<TreeEntry> => {
    const file = pathOf(entry.oid)
    const contents = entry.kind === 'file' ? await contentsToHash(file) : undefined
    if (contents === undefined) return entry
    const oid = hashOf(contents)
    hashed.set(oid, file)
    return { ...entry, oid }
  }
  return {
    tree: `${prefix}${path}`,
    time: Math.floor(Date.now() / 1000),
    objects: {
      readCommit: async oid => {
        throw new GitError('ObjectMissing', `${oid}: a folder has no commits`)
      },
      readTree: async oid => {
        const folder = pathOf(oid)
        const found = await readdir(folder, { withFileTypes: true })
        const entries = found.flatMap(entry => {
          const file = join(folder, entry.name)
          return counts?.has(relative(path, file)) === false ? [] : entryOf(entry, `${prefix}${file}`)
        })
        const known = await Promise.all(entries.map(entry => open.run(() => withHash(entry))))
        return known.sort((a, b) => (gitName(a) < gitName(b) ? -1 : 1))
      },
      readBlob: async oid => {
        const file = pathOf(oid)
        const contents = await open.run(() => readFile(file))
        if (!hashed.has(oid) || hashOf(contents) === oid) return contents
        throw new GitError('ObjectMissing', `${file} was changed while it was read: try again`)
      },
      blobSize: async oid => (await stat(pathOf(oid))).size,
    },
  }
}

function withFolders(files: readonly string[]): ReadonlySet<string> {
  const all = new Set<string>()
  for (const file of files) for (let path = file; path !== '.' && !all.has(path); path = dirname(path)) all.add(path)
  return all
}

function hashOf(contents: Uint8Array): Oid {
  return createHash('sha256').update(contents).digest('hex')
}

async function contentsToHash(file: string): Promise<Buffer | undefined> {
  try {
    return (await stat(file)).size > maxHashedBytes ? undefined : await readFile(file)
  } catch {
    // A file that may not be read, beside what is asked for, is nobody's mistake: whoever asks for it is told.
    return undefined
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
