import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ContainerStatusReport } from '../runtime.ts'
import type { ContainerRecord, Layout } from './files.ts'
import { bootId, isAlive } from './identity.ts'
import type { ProcessIdentity } from './identity.ts'

/** What became of a container whose end nobody saw: as Kubernetes says it of one that SIGKILL ended. */
const killed = 137
/** How long after its process the shim's word may come. */
const wordMs = 2000
/** As much of its last words as Kubernetes keeps. */
const messageLimit = 4096

export interface Sighting {
  readonly status: ContainerStatusReport
  readonly main?: ProcessIdentity
}

/** What a container's marks and its main process say of it now. */
export function readStatus(record: ContainerRecord, layout: Layout): Sighting {
  const started = read(join(layout.marks, `${record.id}.started`))
  const exited = read(join(layout.marks, `${record.id}.exited`))
  const [pid, startTime] = started?.text.trim().split(' ') ?? []
  const main = pid === undefined || startTime === undefined ? undefined : { pid: Number(pid), startTime }
  const report = (state: ContainerStatusReport['state']): Sighting => ({
    status: {
      id: record.id,
      podUid: record.podUid,
      name: record.name,
      attempt: record.attempt,
      image: record.image,
      imageID: '',
      state,
    },
    ...(main === undefined ? {} : { main }),
  })
  const ended = (end: { exitCode: number; at: number; message?: string }): Sighting =>
    report({
      kind: 'exited',
      startedAt: started?.at ?? end.at,
      finishedAt: end.at,
      exitCode: end.exitCode,
      oomKilled: false,
      ...(end.message === undefined ? {} : { message: end.message }),
    })
  if (exited !== undefined) {
    const message = lastWords(join(layout.container(record.id), 'termination'))
    return ended({ exitCode: Number(exited.text), at: exited.at, ...(message === undefined ? {} : { message }) })
  }
  if (record.bootId !== bootId()) {
    return ended({ exitCode: killed, at: Date.now(), message: 'the machine was started anew while the container ran' })
  }
  if (main === undefined) return report({ kind: 'created' })
  if (isAlive(main) || !goneFor(record.id, wordMs))
    return report({ kind: 'running', startedAt: started?.at ?? Date.now() })
  return ended({ exitCode: killed, at: Date.now(), message: 'the process and its shim were killed together' })
}

const missedSince = new Map<string, number>()
function goneFor(id: string, ms: number): boolean {
  const since = missedSince.get(id) ?? Date.now()
  missedSince.set(id, since)
  return Date.now() - since >= ms
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
  return text === undefined || text === '' ? undefined : text
}
