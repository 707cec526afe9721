import type { ContainerInfo, ContainerInspectInfo } from 'dockerode'
import type { Uid } from '../../../engine/api/types.ts'
import type { ContainerStatusReport, SandboxState } from '../runtime.ts'
import { label } from './labels.ts'

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

/** A pod by its containers; where its sandbox was removed by hand, what is left of it is not ready. */
export function sandboxState(
  podUid: Uid,
  {
    found,
    containers,
    network,
  }: { found: readonly ContainerInfo[]; containers: readonly ContainerStatusReport[]; network: string },
): SandboxState {
  const sandbox = found.find(info => info.Labels[label.role] === 'sandbox')
  const labels = (sandbox ?? found[0])?.Labels ?? {}
  const ip = sandbox === undefined ? undefined : addressOf(sandbox, network)
  return {
    podUid,
    namespace: labels[label.podNamespace] ?? '',
    name: labels[label.podName] ?? '',
    ...(ip === undefined ? {} : { ip }),
    ready: sandbox?.State === 'running',
    containers,
  }
}

/** None on the host's network, nor of a sandbox that has ended. */
function addressOf(sandbox: ContainerInfo, network: string): string | undefined {
  return sandbox.NetworkSettings.Networks[network]?.IPAddress || undefined
}
