import type { Pod } from '../../engine/api/types.ts'
import { StreamRefused } from '../../engine/protocol/streams.ts'
import type { ContainerId, Runtime } from '../runtime/runtime.ts'
import { allContainers } from '../spec/containers.ts'
import { isAlive, lastRun } from './runs.ts'
import type { Observed, Run } from './runs.ts'

/** A pod on this node, with what is known of it. */
export interface FoundPod {
  readonly pod: Pod
  readonly observed: Observed
  readonly runtime: Runtime
}

/** The container that runs under this name. Throws StreamRefused in Kubernetes's words. */
export function runningContainer({ pod, observed }: FoundPod, name: string): ContainerId {
  refuseUnknown(pod, name)
  const run = lastRun(observed, name)
  if (run === undefined || !isAlive(run)) throw new StreamRefused(404, `container not found ("${name}")`)
  return run.status.id
}

/** The run whose log is meant. Throws StreamRefused in Kubernetes's words. */
export function loggedRun({ pod, observed }: FoundPod, name: string, { previous }: { previous: boolean }): Run {
  refuseUnknown(pod, name)
  const run = observed.runs.get(name)?.[previous ? 1 : 0]
  if (run && !run.lost) return run
  const what = `container "${name}" in pod "${pod.metadata.name}"`
  throw new StreamRefused(
    400,
    previous ? `previous terminated ${what} not found` : `${what} is waiting to start: ContainerCreating`,
  )
}

function refuseUnknown(pod: Pod, name: string): void {
  if (allContainers(pod).some(candidate => candidate.name === name)) return
  throw new StreamRefused(400, `container ${name} is not valid for pod ${pod.metadata.name}`)
}
