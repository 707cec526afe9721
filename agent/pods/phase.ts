import type { Container, ContainerStatus, Pod, PodStatus } from '../../engine/api/types.ts'
import { isSidecar } from '../spec/containers.ts'

interface Counts {
  waiting: number
  running: number
  stopped: number
  succeeded: number
}

/** The phase as the kubelet computes it (kubelet_pods.go, getPhase) from the containers' statuses. */
export function phaseOf(
  pod: Pod,
  {
    init,
    containers,
    initialized,
  }: { init: readonly ContainerStatus[]; containers: readonly ContainerStatus[]; initialized: boolean },
): PodStatus['phase'] {
  const { restartPolicy, initContainers = [] } = pod.spec
  if (!initialized) return restartPolicy === 'Never' && hasFailedInit(initContainers, init) ? 'Failed' : 'Pending'
  const { waiting, running, stopped, succeeded } = count(containers)
  if (waiting > 0) return 'Pending'
  if (running > 0) return 'Running'
  if (stopped === 0) return 'Pending'
  if (restartPolicy === 'Always') return 'Running'
  if (stopped === succeeded) return 'Succeeded'
  return restartPolicy === 'Never' ? 'Failed' : 'Running'
}

function hasFailedInit(containers: readonly Container[], statuses: readonly ContainerStatus[]): boolean {
  const sidecars = new Set(containers.filter(isSidecar).map(container => container.name))
  return statuses.some(
    status =>
      !sidecars.has(status.name) && status.state.terminated !== undefined && status.state.terminated.exitCode !== 0,
  )
}

function count(statuses: readonly ContainerStatus[]): Counts {
  const counts: Counts = { waiting: 0, running: 0, stopped: 0, succeeded: 0 }
  for (const { state, lastState } of statuses) {
    if (state.running) counts.running++
    else if (state.terminated) {
      counts.stopped++
      if (state.terminated.exitCode === 0) counts.succeeded++
      // A container that waits for its next start has run: the pod stays Running in a crash loop.
    } else if (lastState?.terminated) counts.stopped++
    else counts.waiting++
  }
  return counts
}
