/**
 * What each pod of this node was asked to be, on disk: so that a pod that the engine forgot while the agent was away
 * can still be stopped as its spec says. A spec names Secrets and holds none, but its variables may: 0700 and 0600.
 */
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod, Uid } from '../../engine/api/types.ts'

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

/** Undefined where there is none, or where the file was cut short by a crash of the machine. */
async function read(path: string): Promise<Pod | undefined> {
  try {
    const pod: Pod = JSON.parse(await readFile(path, 'utf8'))
    return pod.kind === 'Pod' ? pod : undefined
  } catch {
    return undefined
  }
}
