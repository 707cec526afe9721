import { readdirSync, readFileSync } from 'node:fs'

/** A process that no other can be taken for, as long as the machine runs: its pid is used again, its start time is not. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot, field 22 of /proc/<pid>/stat. */
  readonly startTime: string
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** Undefined where no such process is, or where it has ended and only waits for its parent. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets and may itself hold brackets and spaces: count after the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields?.[0], fields?.[19]]
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined
  return { pid, startTime }
}

/** The pid of a process's parent. */
export function parentOf({ pid }: ProcessIdentity): number | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  const parent = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  return Number.isNaN(parent) ? undefined : parent
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime
}

/** Signals this process and no other: false where it is gone. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false
  try {
    return process.kill(identity.pid, name)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
    throw error
  }
}

/** A process and everything that descends from it, parents first. */
export function descendants(root: ProcessIdentity): readonly ProcessIdentity[] {
  const found: ProcessIdentity[] = isAlive(root) ? [root] : []
  for (const { pid } of found) {
    const threads = listProc(`/proc/${pid}/task`)
    const children = threads.flatMap(thread => readProc(`/proc/${pid}/task/${thread}/children`)?.split(' ') ?? [])
    for (const child of children) {
      const identity = child === '' ? undefined : identify(Number(child))
      if (identity !== undefined) found.push(identity)
    }
  }
  return found
}

/** Every process of the machine whose environment, as far as this user may read it, holds all of these. */
export function processesMarked(marks: Readonly<Record<string, string>>): readonly MarkedProcess[] {
  const wanted = Object.entries(marks).map(([name, value]) => `\0${name}=${value}\0`)
  return listProc('/proc').flatMap(entry => {
    if (!/^\d+$/.test(entry)) return []
    const environ = `\0${readProc(`/proc/${entry}/environ`) ?? ''}\0`
    if (!wanted.every(mark => environ.includes(mark))) return []
    const identity = identify(Number(entry))
    return identity === undefined ? [] : [{ identity, variable: (name: string) => variable(environ, name) }]
  })
}

export interface MarkedProcess {
  readonly identity: ProcessIdentity
  readonly variable: (name: string) => string | undefined
}

function variable(environ: string, name: string): string | undefined {
  const at = environ.indexOf(`\0${name}=`)
  if (at < 0) return undefined
  const start = at + name.length + 2
  return environ.slice(start, environ.indexOf('\0', start))
}

/** A process may end between any two looks at it, and another user's may not be read: both read as nothing. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function listProc(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
