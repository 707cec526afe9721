import type { TreeEntry } from '../git/repository.ts'
import type { CommitFiles } from './commit-files.ts'
import type { KnownPath } from './known-paths.ts'
import { contentsOf, type OpenFileOptions } from './opened-file.ts'
import { mayBeEncrypted } from './sops/file.ts'
import { pathIn, splitPath } from './tree.ts'

/** The small files of a small folder are handed over with what is asked for, so that a unit need not ask for each. */
const smallFolder = 256
const smallBytes = 64 << 10
const neighbourBytes = 4 << 20

/** What a unit was given so far, and its bytes. */
export interface Handed {
  readonly paths: Map<string, KnownPath>
  asked: number
  neighbours: number
  /** Why a file could not be opened, for a reason that may pass. */
  failure?: string
}

export function nothingHanded(): Handed {
  return { paths: new Map(), asked: 0, neighbours: 0 }
}

interface Source {
  readonly files: CommitFiles
  /** Files that a unit asks for may not be more together. */
  readonly maxBytes: number
  /** Opens those that are encrypted. */
  readonly open: OpenFileOptions
}

/** Hands over what a path is, with the folders above it and what is beside or in it. False where that is too much. */
export async function handOver(
  handed: Handed,
  { path, ...source }: Source & { readonly path: string },
): Promise<boolean> {
  const { folder, name } = splitPath(path)
  if (!(await handFolders(handed, { folder, source }))) {
    handed.paths.set(path, 'nothing')
    return true
  }
  // A path that ends in a slash asks for the names in a folder.
  if (name === '') await handContents(handed, { folder, asked: true, source })
  else if (!(await handEntry(handed, { path, source }))) return false
  await handContents(handed, { folder, asked: false, source })
  return true
}

/** Hands over what is in the small folders of paths that are likely to be asked for. */
export async function handAhead(
  handed: Handed,
  { paths, ...source }: Source & { readonly paths: readonly string[] },
): Promise<void> {
  for (const folder of new Set(paths.map(path => splitPath(path).folder))) {
    if (await handFolders(handed, { folder, source })) await handContents(handed, { folder, asked: false, source })
  }
}

/** False where a folder on the way to the path, or that itself, is none. */
async function handFolders(handed: Handed, { folder, source }: { folder: string; source: Source }): Promise<boolean> {
  const names = folder === '' ? [] : folder.split('/')
  for (const depth of names.keys()) {
    const path = names.slice(0, depth + 1).join('/')
    const entry = await source.files.entry(path)
    noteKind(handed, { path, entry })
    if (entry?.kind !== 'tree') return false
  }
  return true
}

async function handEntry(handed: Handed, { path, source }: { path: string; source: Source }): Promise<boolean> {
  const { files, maxBytes, open } = source
  const entry = await files.entry(path)
  noteKind(handed, { path, entry })
  if (entry?.kind === 'tree') await handContents(handed, { folder: path, asked: false, source })
  if (entry === undefined || !isFile(entry)) return true
  handed.asked += await files.objects.blobSize(entry.oid)
  if (handed.asked > maxBytes) return false
  const contents = await contentsOf({ path, bytes: await files.objects.readBlob(entry.oid) }, open)
  if ('failure' in contents) handed.failure = contents.failure
  else handed.paths.set(path, contents)
  return true
}

async function handContents(
  handed: Handed,
  { folder, asked, source: { files } }: { folder: string; asked: boolean; source: Source },
): Promise<void> {
  const known = handed.paths.get(folder)
  const entries = await files.entries(folder)
  if (entries === undefined || (typeof known === 'object' && 'names' in known)) return
  if (!asked && entries.size > smallFolder) return
  handed.paths.set(folder, { names: [...entries.keys()] })
  for (const entry of entries.values()) {
    const path = pathIn(folder, entry.name)
    if (handed.paths.has(path)) continue
    noteKind(handed, { path, entry })
    if (!isFile(entry)) continue
    const size = await files.objects.blobSize(entry.oid)
    if (size > smallBytes || handed.neighbours + size > neighbourBytes) continue
    handed.neighbours += size
    const bytes = await files.objects.readBlob(entry.oid)
    // What is encrypted is opened for whoever asks for it by name.
    if (!mayBeEncrypted(bytes)) handed.paths.set(path, { base64: bytes.toString('base64') })
  }
}

function isFile({ kind }: TreeEntry): boolean {
  return kind === 'file' || kind === 'executable'
}

/** Of a file nothing is known without its contents. */
function noteKind(handed: Handed, { path, entry }: { path: string; entry: TreeEntry | undefined }): void {
  if (handed.paths.has(path)) return
  if (entry === undefined) handed.paths.set(path, 'nothing')
  else if (entry.kind === 'tree') handed.paths.set(path, 'folder')
  else if (entry.kind === 'symlink' || entry.kind === 'submodule') handed.paths.set(path, entry.kind)
}
