/** Where a process runtime keeps what must outlive the agent. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makePrivateFolder } from '../../../machine/files.ts'
import { isRecord, readJson } from '../../../machine/json-file.ts'
import type { Uid } from '../../../engine/api/types.ts'
import type { ContainerId } from '../runtime.ts'
import type { Credentials } from './credentials.ts'

/** What makes a container known again. Written before its shim is started. */
export interface ContainerRecord {
  readonly id: ContainerId
  readonly podUid: Uid
  readonly name: string
  readonly attempt: number
  readonly image: string
  /** The boot in which it was started: in another one it has ended. */
  readonly bootId: string
  /** Whether it has namespaces of its own. */
  readonly isolated: boolean
  /** Path of the pod's network namespace, where it has one. */
  readonly network?: string
  readonly credentials: Credentials
  readonly workingDir: string
}

export interface SandboxRecord {
  readonly podUid: Uid
  readonly namespace: string
  readonly name: string
  readonly hostname: string
  readonly ip?: string
  readonly network?: string
  readonly bootId: string
}

export interface Layout {
  readonly marks: string
  readonly shim: string
  readonly namespace: string
  readonly plain: string
  container(id: ContainerId): string
  containers: string
  sandbox(podUid: Uid): string
  sandboxes: string
}

export function layoutOf(folder: string): Layout {
  const [containers, sandboxes] = [join(folder, 'containers'), join(folder, 'sandboxes')]
  return {
    marks: join(folder, 'marks'),
    shim: join(folder, 'shim.sh'),
    namespace: join(folder, 'namespace.sh'),
    plain: join(folder, 'plain.sh'),
    containers,
    sandboxes,
    container: id => join(containers, id),
    sandbox: podUid => join(sandboxes, podUid),
  }
}

/** The parts of an id, where a pod's uid and a container's name may become parts of a path. */
export function containerId(podUid: Uid, { name, attempt }: { name: string; attempt: number }): ContainerId {
  return `${pathPart(podUid)}_${pathPart(name)}_${attempt}`
}

export function pathPart(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(text)) return text
  throw new Error(`"${text}" is not a uid or name that can name a folder: use letters, digits, "-" and "."`)
}

/**
 * Every record of this name, one a folder. A folder without one was given up before anything ran in it: it goes. Rejects
 * where one is damaged: what runs of it would be nobody's.
 */
export async function readRecords<T>(
  folder: string,
  { file, is }: { file: string; is: (value: unknown) => value is T },
): Promise<readonly T[]> {
  await makePrivateFolder(folder)
  const names = (await readdir(folder)).sort()
  const records = await Promise.all(
    names.map(async name => {
      const remedy = `remove the folder ${join(folder, name)}; what still runs of it is then told as a stray`
      const record = await readJson(join(folder, name, file), { is, remedy })
      if (record !== undefined) return [record]
      await rm(join(folder, name), { recursive: true, force: true })
      return []
    }),
  )
  return records.flat()
}

export function isContainerRecord(value: unknown): value is ContainerRecord {
  return (
    isRecord(value) && typeof value['id'] === 'string' && typeof value['podUid'] === 'string' && 'credentials' in value
  )
}

export function isSandboxRecord(value: unknown): value is SandboxRecord {
  return isRecord(value) && typeof value['podUid'] === 'string' && typeof value['hostname'] === 'string'
}
