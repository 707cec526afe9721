import type { ContainerInspectInfo } from 'dockerode'
import type { ContainerStatusReport } from '../runtime.ts'
import { label } from './labels.ts'

/** As much of its last words as Kubernetes keeps. */
export const messageLimit = 4096

/** What `docker inspect` says of a container of ours, in the runtime's words. */
export function statusOf(info: ContainerInspectInfo, message: string | undefined): ContainerStatusReport {
  const labels = info.Config.Labels
  return {
    id: info.Id,
    podUid: labels[label.podUid] ?? '',
    name: labels[label.container] ?? '',
    attempt: Number(labels[label.attempt] ?? 0),
    image: info.Config.Image,
    imageID: info.Image,
    state: stateOf(info.State, message),
  }
}

function stateOf(state: ContainerInspectInfo['State'], message: string | undefined): ContainerStatusReport['state'] {
  if (state.Status === 'created') return { kind: 'created' }
  const startedAt = Date.parse(state.StartedAt)
  if (state.Running) return { kind: 'running', startedAt }
  const words = message ?? (state.Error === '' ? undefined : state.Error)
  return {
    kind: 'exited',
    startedAt,
    finishedAt: Date.parse(state.FinishedAt),
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    ...(words === undefined || words === '' ? {} : { message: words }),
  }
}
