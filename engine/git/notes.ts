/** Git notes as `git notes` reads them: a tree whose paths are the ids of the objects, here as `ab/cdef…`. */
import type { ObjectStore } from './object-store.ts'
import type { Oid } from './repository.ts'

export function notePath(object: Oid): string {
  return `${object.slice(0, 2)}/${object.slice(2)}`
}

/** The notes on some objects; those without one are absent. */
export async function findNotes(
  store: ObjectStore,
  tree: Oid,
  objects: readonly Oid[],
): Promise<ReadonlyMap<Oid, string>> {
  const folders = new Map((await store.readEntries(tree)).map(({ name, oid }) => [name, oid]))
  const notes = await Promise.all(
    objects.map(async (object): Promise<[Oid, string][]> => {
      const folder = folders.get(object.slice(0, 2))
      if (folder === undefined) return []
      const note = (await store.readEntries(folder)).find(({ name }) => name === object.slice(2))
      return note ? [[object, (await store.readBlob(note.oid)).toString()]] : []
    }),
  )
  return new Map(notes.flat())
}
