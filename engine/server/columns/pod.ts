import type { ContainerState, ContainerStatus, Pod } from '../../api/types.ts'
import { formatAge } from '../age.ts'
import { ageColumn, nameColumn, printer, text, wide } from './printer.ts'

export const podPrinter = printer<Pod>([
  nameColumn,
  text('Ready', readiness),
  text('Status', podReason),
  text('Restarts', restarts),
  ageColumn,
  wide(text('IP', pod => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP)),
  wide(text('Node', pod => pod.spec.nodeName)),
  wide(text('Nominated Node', () => undefined)),
  wide(text('Readiness Gates', () => undefined)),
])

function sidecars(pod: Pod): ReadonlySet<string> {
  const containers = pod.spec.initContainers ?? []
  return new Set(containers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name))
}

function readiness(pod: Pod): string {
  const alongside = sidecars(pod)
  const statuses = [
    ...(pod.status?.initContainerStatuses ?? []).filter(({ name }) => alongside.has(name)),
    ...(pod.status?.containerStatuses ?? []),
  ]
  const ready = statuses.filter(status => status.ready && status.state.running !== undefined)
  return `${ready.length}/${pod.spec.containers.length + alongside.size}`
}

/** The number of restarts, and when the last was: `3 (5m ago)`. */
function restarts(pod: Pod, now: number): string {
  const alongside = sidecars(pod)
  const init = pod.status?.initContainerStatuses ?? []
  const counted = isInitialized(pod)
    ? [...init.filter(({ name }) => alongside.has(name)), ...(pod.status?.containerStatuses ?? [])]
    : init
  const total = counted.reduce((sum, status) => sum + status.restartCount, 0)
  const ends = counted.flatMap(status => status.lastState?.terminated?.finishedAt ?? []).sort()
  const last = ends.at(-1)
  return total === 0 || last === undefined ? String(total) : `${total} (${formatAge(last, now)} ago)`
}

function isInitialized(pod: Pod): boolean {
  return (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Initialized' && status === 'True')
}

/** What kubectl's STATUS column says of a pod: the most telling of its phase and its containers' states. */
export function podReason(pod: Pod): string {
  const reason = initReason(pod) ?? containersReason(pod) ?? pod.status?.reason ?? pod.status?.phase ?? 'Pending'
  if (pod.metadata.deletionTimestamp === undefined) return reason
  if (pod.status?.reason === 'NodeLost') return 'Unknown'
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' ? reason : 'Terminating'
}

/** Of the first init container that still holds the pod up. */
function initReason(pod: Pod): string | undefined {
  const alongside = sidecars(pod)
  const statuses = pod.status?.initContainerStatuses ?? []
  const index = statuses.findIndex(
    ({ name, state, started }) => state.terminated?.exitCode !== 0 && !(alongside.has(name) && started === true),
  )
  const status = statuses[index]
  // Once the pod has been initialised, only an init container that failed says more than the others.
  if (status === undefined || (isInitialized(pod) && status.state.terminated === undefined)) return undefined
  if (status.state.terminated !== undefined) return `Init:${endReason(status.state.terminated)}`
  const waiting = status.state.waiting?.reason
  if (waiting !== undefined && waiting !== 'PodInitializing') return `Init:${waiting}`
  return `Init:${index}/${pod.spec.initContainers?.length ?? statuses.length}`
}

/** Of the first container that waits or has ended; a pod in which another still runs is Running or NotReady. */
function containersReason(pod: Pod): string | undefined {
  const statuses = pod.status?.containerStatuses ?? []
  const reason = statuses.map(statusReason).find(found => found !== undefined)
  if (reason !== 'Completed' || !statuses.some(runs)) return reason
  const isReady = (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
  return isReady ? 'Running' : 'NotReady'
}

function runs(status: ContainerStatus): boolean {
  return status.ready && status.state.running !== undefined
}

function statusReason({ state }: ContainerStatus): string | undefined {
  if (state.waiting !== undefined) return state.waiting.reason === '' ? undefined : state.waiting.reason
  return state.terminated === undefined ? undefined : endReason(state.terminated)
}

function endReason(end: NonNullable<ContainerState['terminated']>): string {
  if (end.reason !== '') return end.reason
  return end.signal === undefined || end.signal === 0 ? `ExitCode:${end.exitCode}` : `Signal:${end.signal}`
}
