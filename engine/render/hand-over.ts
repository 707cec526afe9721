import type { TreeEntry } from '../git/repository.ts'
import type { CommitFiles } from './commit-files.ts'
import type { KnownPath } from './known-paths.ts'
import { pathIn, splitPath } from './tree.ts'

/** Small neighbours of a file are handed over with it, so that a unit need not ask for each. */
const smallBytes = 64 << 10
const neighbourBytes = 4 << 20

/** What a unit was given so far, and its bytes. */
export interface Handed {
  readonly paths: Map<string, KnownPath>
  asked: number
  neighbours: number
}

export function nothingHanded(): Handed {
  return { paths: new Map(), asked: 0, neighbours: 0 }
}

/** Hands over what a path is, with all names of its folder. False where the unit would be given more than `maxBytes`. */
export async function handOver(
  handed: Handed,
  { path, files, maxBytes }: { readonly path: string; readonly files: CommitFiles; readonly maxBytes: number },
): Promise<boolean> {
  const { folder } = splitPath(path)
  const entries = await files.entries(folder)
  if (entries === undefined) {
    handed.paths.set(path, 'nothing')
    return true
  }
  handed.paths.set(folder, { names: entries.map(({ name }) => name) })
  for (const entry of entries) {
    const at = pathIn(folder, entry.name)
    if (handed.paths.has(at)) continue
    if (entry.kind === 'file' || entry.kind === 'executable') {
      await handFile(handed, { entry, at, asked: at === path, files })
      if (handed.asked > maxBytes) return false
    } else {
      handed.paths.set(at, entry.kind === 'tree' ? 'folder' : entry.kind)
    }
  }
  return true
}

interface Place {
  readonly entry: TreeEntry
  readonly at: string
  readonly asked: boolean
  readonly files: CommitFiles
}

async function handFile(handed: Handed, { entry, at, asked, files: { objects } }: Place): Promise<void> {
  const size = await objects.blobSize(entry.oid)
  if (asked) handed.asked += size
  else if (size > smallBytes || handed.neighbours + size > neighbourBytes) return
  else handed.neighbours += size
  handed.paths.set(at, { base64: (await objects.readBlob(entry.oid)).toString('base64') })
}
