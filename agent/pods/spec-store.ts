/**
 * What each pod of this node was asked to be, on disk: so that a pod that the engine forgot while the agent was away
 * can still be stopped as its spec says. A spec names Secrets and holds none, but its variables may: 0700 and 0600.
 */
import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod, Uid } from '../../engine/api/types.ts'
import { readIfThere } from '../../machine/files.ts'

const file = 'pod.json'

export interface SpecStore {
  load(): Promise<ReadonlyMap<Uid, Pod>>
  save(pod: Pod): Promise<void>
  /** Removes the pod's folder, once its volumes are gone. */
  remove(podUid: Uid): Promise<void>
}

export function createSpecStore(folder: string): SpecStore {
  return {
    async load() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const pods = new Map<Uid, Pod>()
      for (const uid of await readdir(folder)) {
        const pod = await read(join(folder, uid, file))
        if (pod) pods.set(uid, pod)
      }
      return pods
    },
    async save(pod) {
      const own = join(folder, pod.metadata.uid ?? '')
      await mkdir(own, { recursive: true, mode: 0o700 })
      await writeFile(join(own, `${file}.new`), JSON.stringify(pod), { mode: 0o600 })
      await rename(join(own, `${file}.new`), join(own, file))
    },
    async remove(podUid) {
      const own = join(folder, podUid)
      for (const name of [file, `${file}.new`]) await rm(join(own, name), { force: true })
      // Its volumes are gone by now: whatever else is there is not ours to delete.
      await rmdir(own).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    },
  }
}

/** Undefined where there is none, or where a crash of the machine damaged it: what then still runs is stopped without it. */
async function read(path: string): Promise<Pod | undefined> {
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  try {
    const pod: unknown = JSON.parse(text)
    return isPod(pod) ? pod : undefined
  } catch {
    return undefined
  }
}

/** What its engine had checked, and this agent wrote whole: more of it could only be damaged by hand. */
function isPod(value: unknown): value is Pod {
  const { kind, metadata, spec } = { ...(value as Partial<Pod>) }
  return kind === 'Pod' && typeof metadata?.uid === 'string' && Array.isArray(spec?.containers)
}
