/** How far a pod has come: its init containers, its restarts, its end. */
import type { Container, Pod } from '../../engine/api/types.ts'
import type { Verdicts } from '../probes/prober.ts'
import { isSidecar } from '../spec/containers.ts'
import { exitOf, isAlive, lastRun, type Observed, type Run } from './runs.ts'

export interface Progress {
  readonly pod: Pod
  readonly observed: Observed
  readonly probes: (container: Container, run: Run) => Verdicts
}

/** True once nothing of the pod will be started again: it has succeeded or failed. */
export function isFinished({ pod, observed }: Omit<Progress, 'probes'>): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return true
  const endedForGood = (container: Container) => {
    const run = lastRun(observed, container.name)
    return exitOf(run) !== undefined && !mayRunAgain(pod, run)
  }
  const init = (pod.spec.initContainers ?? []).filter(container => !isSidecar(container))
  const initFailed = init.some(c => endedForGood(c) && !succeeded(lastRun(observed, c.name)))
  return initFailed || pod.spec.containers.every(endedForGood)
}

/** True once the init containers have done their part in this sandbox. */
export function isInitialized(progress: Progress): boolean {
  const { pod, observed } = progress
  // Whoever cleans up ended containers does not undo what they did.
  if (pod.spec.containers.some(container => isOfThisSandbox(lastRun(observed, container.name)))) return true
  return (pod.spec.initContainers ?? []).every(container => isInitDone(container, progress))
}

/** A sidecar is done with its part once it has started. */
export function isInitDone(container: Container, { observed, probes }: Progress): boolean {
  const run = lastRun(observed, container.name)
  if (!run) return false
  if (isSidecar(container)) return isRunning(run) && probes(container, run).started
  return succeeded(run) && isOfThisSandbox(run)
}

export function isRunning(run: Run): boolean {
  return isAlive(run) && run.status.state.kind === 'running'
}

/** Whether a container that ended is to be started again, as things are. */
export function mustRunAgain(container: Container, { pod, run }: { pod: Pod; run: Run }): boolean {
  if (isSidecar(container)) return true
  const isInit = pod.spec.initContainers?.some(init => init.name === container.name) ?? false
  // An init container that is asked for is not done: it failed, or what it did went with the sandbox.
  if (isInit) return succeeded(run) || pod.spec.restartPolicy !== 'Never'
  return mayRunAgain(pod, run)
}

function mayRunAgain({ spec }: Pod, run: Run | undefined): boolean {
  return spec.restartPolicy === 'OnFailure' ? !succeeded(run) : spec.restartPolicy === 'Always'
}

function succeeded(run: Run | undefined): boolean {
  return exitOf(run)?.exitCode === 0
}

function isOfThisSandbox(run: Run | undefined): boolean {
  return run !== undefined && run.lost !== 'withSandbox'
}
