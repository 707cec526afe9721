/** What is known of a pod's containers: what the runtime told, and what it can tell no longer. */
import { equal } from '../../engine/api/stable.ts'
import type { ContainerStatusReport, SandboxState } from '../runtime/runtime.ts'
import type { Moment } from './moment.ts'

/** One start of a container. */
export interface Run {
  readonly status: ContainerStatusReport
  /** When the agent learned of its end, by `Moment.now`. */
  readonly endedAt?: number
  /** Gone from the runtime, alone (by hand) or with its sandbox: nothing is left to stop, to remove, or to read from. */
  readonly lost: false | 'alone' | 'withSandbox'
}

export interface Sandbox {
  readonly ip?: string
  readonly ready: boolean
}

export interface Observed {
  readonly sandbox: Sandbox | undefined
  /** By container, newest first. */
  readonly runs: ReadonlyMap<string, readonly Run[]>
}

export const nothingObserved: Observed = { sandbox: undefined, runs: new Map() }

/** The current run and the one before it are kept; of older ones the runtime is rid as soon as it can be. */
export const keptRuns = 2

export function lastRun(observed: Observed, container: string): Run | undefined {
  return observed.runs.get(container)?.[0]
}

export function isAlive(run: Run | undefined): boolean {
  return run !== undefined && !run.lost && run.status.state.kind !== 'exited'
}

export function exitOf(run: Run | undefined) {
  return run?.status.state.kind === 'exited' ? run.status.state : undefined
}

/** Takes in what was told of one container. News that comes late never undoes an end. */
export function observeContainer(observed: Observed, status: ContainerStatusReport, at: Moment): Observed {
  const runs = observed.runs.get(status.name) ?? []
  const known = runs.find(run => run.status.id === status.id)
  if (known && progress(known.status) >= progress(status)) return observed
  const next = [...runs.filter(run => run !== known), toRun(status, { at, known })].sort(newestFirst)
  return withRuns(observed, status.name, next)
}

/** Takes in a whole listing of the pod; undefined: the runtime has nothing of it. */
export function observeSandbox(observed: Observed, state: SandboxState | undefined, at: Moment): Observed {
  const how = state ? 'alone' : 'withSandbox'
  const listed = new Set(state?.containers.map(container => container.id))
  const sandbox = state && { ready: state.ready, ...(state.ip && { ip: state.ip }) }
  // What is as it was stays the same object: whoever looks at it need not look again.
  let next = equal(sandbox, observed.sandbox) ? observed : { ...observed, sandbox }
  for (const [name, runs] of observed.runs) {
    const updated = runs.map(run =>
      run.lost === 'withSandbox' || listed.has(run.status.id) ? run : lose(run, { at, how }),
    )
    if (updated.some((run, index) => run !== runs[index])) next = withRuns(next, name, updated)
  }
  for (const status of state?.containers ?? []) next = observeContainer(next, status, at)
  return next
}

/** The runtime removed this run. */
export function forgetRun(observed: Observed, id: string, at: Moment): Observed {
  for (const [name, runs] of observed.runs) {
    if (!runs.some(run => run.status.id === id)) continue
    return withRuns(
      observed,
      name,
      runs.map(run => (run.status.id === id ? lose(run, { at, how: 'alone' }) : run)),
    )
  }
  return observed
}

/** The run's last words, found elsewhere than where it was to leave them. */
export function withLastWords(observed: Observed, id: string, message: string): Observed {
  for (const [name, runs] of observed.runs) {
    const run = runs.find(candidate => candidate.status.id === id)
    const end = exitOf(run)
    if (!run || !end) continue
    const told = { ...run, status: { ...run.status, state: { ...end, message } } }
    return withRuns(
      observed,
      name,
      runs.map(other => (other === run ? told : other)),
    )
  }
  return observed
}

function withRuns(observed: Observed, name: string, runs: readonly Run[]): Observed {
  const kept = runs.filter((run, index) => index < keptRuns || !run.lost)
  return { ...observed, runs: new Map(observed.runs).set(name, kept) }
}

function newestFirst(a: Run, b: Run): number {
  // Two of one attempt: the lost one was replaced.
  return b.status.attempt - a.status.attempt || Number(a.lost !== false) - Number(b.lost !== false)
}

function progress(status: ContainerStatusReport): number {
  return { created: 0, running: 1, exited: 2 }[status.state.kind]
}

function toRun(status: ContainerStatusReport, { at, known }: { at: Moment; known: Run | undefined }): Run {
  const lost = known?.lost ?? false
  if (status.state.kind !== 'exited') return { status, lost }
  // Found ended at adoption: its end was in the past, though never in the future of a clock that jumped.
  const age = known ? 0 : Math.max(0, at.wall - status.state.finishedAt)
  return { status, lost, endedAt: at.now - age }
}

/** Kubernetes's words for a container that ended unseen. */
export const lostMessage = 'The container could not be located when the pod was observed'

function lose(run: Run, { at, how }: { at: Moment; how: 'alone' | 'withSandbox' }): Run {
  if (run.status.state.kind === 'exited') return { ...run, lost: how }
  const startedAt = run.status.state.kind === 'running' ? run.status.state.startedAt : at.wall
  return {
    status: {
      ...run.status,
      state: { kind: 'exited', startedAt, finishedAt: at.wall, exitCode: 137, oomKilled: false, message: lostMessage },
    },
    endedAt: at.now,
    lost: how,
  }
}
