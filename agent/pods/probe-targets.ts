import type { Pod, PodStatus } from '../../engine/api/types.ts'
import type { ProbeTarget } from '../probes/prober.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { allContainers } from '../spec/containers.ts'
import type { Busy, Target } from './decision.ts'
import { uidOf } from './facts.ts'
import type { Moment } from './moment.ts'
import { isAlive, lastRun, type Observed } from './runs.ts'

export interface Probed {
  readonly pod: Pod
  readonly observed: Observed
  readonly runtime: Runtime
  /** What was last reported: an adopted container stays what it was until a probe says otherwise. */
  readonly status: PodStatus | undefined
  readonly busy: ReadonlyMap<Target, Busy>
  /** Where a pod without an address of its own answers. */
  readonly hostAddress: string
  readonly at: Moment
}

/** The running containers of a pod, for its probes. */
export function probeTargets({
  pod,
  observed,
  runtime,
  status,
  busy,
  hostAddress,
  at,
}: Probed): readonly ProbeTarget[] {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return allContainers(pod).flatMap(container => {
    const run = lastRun(observed, container.name)
    if (!run || !isAlive(run) || run.status.state.kind !== 'running') return []
    // Until its postStart is done a container is not probed.
    if (busy.get(container.name) === 'startContainer') return []
    const known = statuses.find(({ containerID }) => containerID === `${runtime.name}://${run.status.id}`)
    return [
      {
        podUid: uidOf(pod),
        container,
        containerId: run.status.id,
        host: observed.sandbox?.ip ?? hostAddress,
        runtime,
        startedAt: at.now - Math.max(0, at.wall - run.status.state.startedAt),
        found: known && { started: known.started ?? false, ready: known.ready },
      },
    ]
  })
}
