import { toTreeEntry, treeMode } from './objects.ts'
import type { RawEntry } from './objects.ts'
import type { ReadEntries } from './edit-tree.ts'
import type { Oid } from './repository.ts'

/** The paths of the blobs that differ; folders with equal ids are not looked into. */
export async function diffTrees(from: Oid | undefined, to: Oid, read: ReadEntries): Promise<string[]> {
  async function diff(before: Oid | undefined, after: Oid | undefined, folder: string): Promise<string[]> {
    if (before === after) return []
    const [old, fresh] = await Promise.all([byName(before), byName(after)])
    const names = [...new Set([...old.keys(), ...fresh.keys()])]
    const paths = await Promise.all(names.map(name => diffEntry(old.get(name), fresh.get(name), folder)))
    return paths.flat()
  }

  async function diffEntry(old: RawEntry | undefined, fresh: RawEntry | undefined, folder: string): Promise<string[]> {
    if (old?.oid === fresh?.oid && old?.mode === fresh?.mode) return []
    const some = fresh ?? old
    if (!some) return []
    const path = `${folder}${toTreeEntry(some).name}`
    const inside = await diff(treeOf(old), treeOf(fresh), `${path}/`)
    // A file on either side is a path of its own, also where the other side has a folder.
    const isBlob = [old, fresh].some(entry => entry && entry.mode !== treeMode)
    return isBlob ? [path, ...inside] : inside
  }

  async function byName(tree: Oid | undefined): Promise<ReadonlyMap<string, RawEntry>> {
    return new Map(tree === undefined ? [] : (await read(tree)).map(entry => [entry.name, entry]))
  }

  return (await diff(from, to, '')).sort()
}

function treeOf(entry: RawEntry | undefined): Oid | undefined {
  return entry?.mode === treeMode ? entry.oid : undefined
}
