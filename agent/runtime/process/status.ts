import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ContainerStatusReport } from '../runtime.ts'
import type { ContainerRecord, Layout } from './files.ts'
import { bootId, isAlive } from '../../../machine/processes.ts'
import type { ProcessIdentity } from '../../../machine/processes.ts'

/** The exit code of a process that SIGKILL ended: also of one whose end nobody saw, as Kubernetes has it. */
export const killed = 137
/** How long after its process the shim's word may come. */
const wordMs = 1500
/** As much of its last words as Kubernetes keeps. */
const messageLimit = 4096

/** What was seen of a container. */
export interface Sighting {
  readonly status: ContainerStatusReport
  /** The main process, once it was announced. */
  readonly main?: ProcessIdentity
  /** Since when the main process is gone while its shim has not said so. */
  readonly goneSince?: number
}

/** What a container's marks and its main process say of it now. */
export function readStatus(
  record: ContainerRecord,
  { layout, before }: { layout: Layout; before?: Sighting },
): Sighting {
  // While the main process lives no mark says otherwise; this is all that a container at rest costs.
  if (before?.main !== undefined && before.goneSince === undefined && isAlive(before.main)) return before
  const started = read(join(layout.marks, `${record.id}.started`))
  const exited = read(join(layout.marks, `${record.id}.exited`))
  const main = started === undefined ? undefined : readIdentity(started.text)
  const { id, podUid, name, attempt, image } = record
  const report = (state: ContainerStatusReport['state']): Sighting => ({
    status: { id, podUid, name, attempt, image, imageID: '', state },
    ...(main === undefined ? {} : { main }),
  })
  const ended = (exitCode: number, { at, message }: { at: number; message: string | undefined }): Sighting =>
    report({
      kind: 'exited',
      startedAt: started?.at ?? at,
      finishedAt: at,
      exitCode,
      oomKilled: false,
      ...(message === undefined ? {} : { message }),
    })

  if (exited !== undefined) {
    // Where the main process was never announced, what forbade it stands in the words of the step that failed.
    const words = join(layout.container(id), main === undefined ? 'setup' : 'termination')
    return ended(Number(exited.text), { at: exited.at, message: lastWords(words) })
  }
  if (record.bootId !== bootId()) {
    return ended(killed, { at: Date.now(), message: 'the machine was started anew while the container ran' })
  }
  if (main === undefined) return report({ kind: 'created' })
  const running = report({ kind: 'running', startedAt: started?.at ?? Date.now() })
  if (isAlive(main)) return running
  const goneSince = before?.goneSince ?? Date.now()
  if (Date.now() - goneSince < wordMs) return { ...running, goneSince }
  return ended(killed, { at: goneSince, message: 'the process and its shim were killed together' })
}

function readIdentity(text: string): ProcessIdentity | undefined {
  const [pid, startTime] = text.trim().split(' ')
  return pid === undefined || startTime === undefined ? undefined : { pid: Number(pid), startTime }
}

function read(path: string): { text: string; at: number } | undefined {
  try {
    return { text: readFileSync(path, 'utf8'), at: Math.round(statSync(path).mtimeMs) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function lastWords(path: string): string | undefined {
  const text = read(path)?.text.slice(0, messageLimit)
  return text === '' ? undefined : text
}
