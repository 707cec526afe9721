import { fromTime } from '../../engine/api/time.ts'
import type { ContainerStatus, Pod } from '../../engine/api/types.ts'
import type { ContainerStatusReport } from '../runtime/runtime.ts'
import type { Moment } from './moment.ts'
import { lostMessage, type Observed, type Run } from './runs.ts'

/**
 * The runs of which the runtime knows nothing any more and the engine was told: without them a pod that is never
 * restarted would run twice, and the others would count their restarts from 0.
 */
export function recallRuns(observed: Observed, pod: Pod, at: Moment): Observed {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  const forgotten = [...initContainerStatuses, ...containerStatuses].filter(({ name }) => !observed.runs.has(name))
  const recalled = forgotten.flatMap(status => recall(status, { pod, observed, at }))
  if (recalled.length === 0) return observed
  return { ...observed, runs: new Map([...observed.runs, ...recalled.map(run => [run.status.name, [run]] as const)]) }
}

function recall(
  status: ContainerStatus,
  { pod, observed, at }: { pod: Pod; observed: Observed; at: Moment },
): readonly Run[] {
  const { name, containerID, restartCount: attempt, image, imageID } = status
  // It never ran.
  if (containerID === undefined) return []
  const id = containerID.replace(/^\w+:\/\//, '')
  const report = { id, podUid: pod.metadata.uid ?? '', name, attempt, image, imageID, state: endOf(status, at) }
  return [{ status: report, endedAt: at.now, lost: observed.sandbox ? 'alone' : 'withSandbox' }]
}

function endOf({ state, lastState }: ContainerStatus, at: Moment): ContainerStatusReport['state'] {
  const ended = state.terminated ?? (state.waiting && lastState?.terminated)
  const startedAt = ended?.startedAt ?? state.running?.startedAt
  return {
    kind: 'exited',
    startedAt: startedAt === undefined ? at.wall : fromTime(startedAt),
    finishedAt: ended?.finishedAt === undefined ? at.wall : fromTime(ended.finishedAt),
    exitCode: ended?.exitCode ?? 137,
    oomKilled: ended?.reason === 'OOMKilled',
    ...(ended?.signal !== undefined && { signal: ended.signal }),
    ...(ended ? ended.message !== undefined && { message: ended.message } : { message: lostMessage }),
  }
}
