import type { ObjectReader, Oid, TreeEntry } from '../git/repository.ts'
import { entryId, listingId } from './commit-files.ts'
import { listingOf, pathIn } from './tree.ts'

/** A tree, and who reads it. */
export interface TreeSource {
  readonly objects: ObjectReader
  readonly tree: Oid
}

/**
 * The paths whose ids (see `pathId`) differ between two trees. Folders that both have alike are not entered: the cost
 * follows what differs.
 */
export async function changedPaths(before: TreeSource, after: TreeSource): Promise<ReadonlySet<string>> {
  const changed = new Set<string>()
  await compare('', { before, after, changed })
  return changed
}

interface Comparison {
  readonly before: TreeSource | undefined
  readonly after: TreeSource | undefined
  readonly changed: Set<string>
}

async function compare(folder: string, { before, after, changed }: Comparison): Promise<void> {
  if (before?.tree === after?.tree) return
  const [old, now] = await Promise.all([entriesOf(before), entriesOf(after)])
  if (listingId(old) !== listingId(now)) changed.add(listingOf(folder))
  const earlier = new Map(old.map(entry => [entry.name, entry]))
  const later = new Map(now.map(entry => [entry.name, entry]))
  for (const name of new Set([...earlier.keys(), ...later.keys()])) {
    const [was, is] = [earlier.get(name), later.get(name)]
    if (was?.oid === is?.oid && was?.kind === is?.kind) continue
    const path = pathIn(folder, name)
    if ((was && entryId(was)) !== (is && entryId(is))) changed.add(path)
    await compare(path, { before: inside(before, was), after: inside(after, is), changed })
  }
}

function inside(source: TreeSource | undefined, entry: TreeEntry | undefined): TreeSource | undefined {
  return source !== undefined && entry?.kind === 'tree' ? { objects: source.objects, tree: entry.oid } : undefined
}

async function entriesOf(source: TreeSource | undefined): Promise<readonly TreeEntry[]> {
  return source === undefined ? [] : source.objects.readTree(source.tree)
}
