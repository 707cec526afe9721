import { toTime } from '../../engine/api/time.ts'
import type { Container, ContainerState, ContainerStatus } from '../../engine/api/types.ts'
import type { Verdicts } from '../probes/prober.ts'
import type { Waiting } from './decision.ts'
import type { Run } from './runs.ts'

export interface ContainerView {
  readonly container: Container
  /** Newest first. */
  readonly runs: readonly Run[]
  /** What the engine last heard: counts on where the runtime knows nothing. */
  readonly previous: ContainerStatus | undefined
  readonly verdicts: Verdicts
  /** Why it does not run though it should. */
  readonly waiting: Waiting | undefined
  /** What it waits for where nothing is known: `ContainerCreating`, or `PodInitializing`. */
  readonly waitsFor: string
  /** True: an ended run is to be followed by another. */
  readonly restarts: boolean
  /** `docker://`, `process://`. */
  readonly idPrefix: string
}

/** A container's status as the kubelet reports it. */
export function containerStatus(view: ContainerView): ContainerStatus {
  const { container, previous } = view
  const [last, before] = view.runs
  const runState = last && stateOf(last, view)
  // An ended run is history once the next one waits to begin.
  const isHistory = runState?.terminated && (view.waiting !== undefined || (last?.lost && view.restarts))
  const state = runState && !isHistory ? runState : waitingState(view)
  const earlier = isHistory ? runState : before && stateOf(before, view)
  const running = state.running !== undefined
  return {
    name: container.name,
    state,
    ...(earlier?.terminated
      ? { lastState: earlier }
      : previous?.lastState && !last && { lastState: previous.lastState }),
    ready: running ? view.verdicts.ready && view.verdicts.started : isDone(view, state),
    started: running && view.verdicts.started,
    restartCount: last?.status.attempt ?? previous?.restartCount ?? 0,
    image: (last?.status.image || container.image) ?? '',
    imageID: last?.status.imageID ?? '',
    ...(last && { containerID: `${view.idPrefix}${last.status.id}` }),
  }
}

/** An init container counts as ready once it has succeeded. */
function isDone({ waitsFor }: ContainerView, state: ContainerState): boolean {
  return waitsFor === initWaitsFor && state.terminated?.exitCode === 0
}
export const initWaitsFor = 'PodInitializing'

function waitingState({ waiting, waitsFor }: ContainerView): ContainerState {
  return { waiting: waiting ?? { reason: waitsFor } }
}

function stateOf({ status }: Run, { idPrefix }: ContainerView): ContainerState | undefined {
  const { state } = status
  if (state.kind === 'created') return undefined
  if (state.kind === 'running') return { running: { startedAt: toTime(state.startedAt) } }
  return {
    terminated: {
      exitCode: state.exitCode,
      ...(state.signal !== undefined && { signal: state.signal }),
      reason: exitReason(state),
      ...(state.message !== undefined && { message: state.message }),
      startedAt: toTime(state.startedAt),
      finishedAt: toTime(state.finishedAt),
      containerID: `${idPrefix}${status.id}`,
    },
  }
}

function exitReason({ exitCode, oomKilled }: { exitCode: number; oomKilled: boolean }): string {
  if (oomKilled) return 'OOMKilled'
  return exitCode === 0 ? 'Completed' : 'Error'
}
