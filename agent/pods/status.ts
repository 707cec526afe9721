/** A pod's status as the kubelet reports it: a pure function of what was seen and decided. */
import type { Condition, Container, ContainerStatus, PodStatus, Time } from '../../engine/api/types.ts'
import { containerStatus, initWaitsFor } from './container-status.ts'
import { isSidecar } from '../spec/containers.ts'
import type { Decision } from './decision.ts'
import { phaseOf } from './phase.ts'
import { isInitialized, type Progress } from './progress.ts'
import { qosClass } from './qos.ts'
import type { Ending } from './stop.ts'

export interface StatusView extends Progress {
  readonly waiting: Decision['waiting']
  /** What was last reported; at first, what the engine holds. */
  readonly previous: PodStatus | undefined
  readonly failure: Ending['failure'] | undefined
  /** Why a pod is not Ready though its containers are. */
  readonly unready: { readonly reason: string; readonly message: string } | undefined
  readonly hostIP: string
  readonly idPrefix: string
  readonly time: Time
}

export function podStatus(view: StatusView): PodStatus {
  const { pod, previous, failure } = view
  if (previous?.phase === 'Succeeded' || previous?.phase === 'Failed') return previous
  const initialized = isInitialized(view)
  const init = (pod.spec.initContainers ?? []).map(container => statusOf(container, { view, waitsFor: initWaitsFor }))
  const mainWaitsFor = initialized || init.length === 0 ? 'ContainerCreating' : initWaitsFor
  const containers = pod.spec.containers.map(container => statusOf(container, { view, waitsFor: mainWaitsFor }))
  const hasEnded = containers.every(status => status.state.running === undefined)
  const phase = failure && hasEnded ? 'Failed' : phaseOf(pod, { init, containers, initialized })
  const ip = view.pod.spec.hostNetwork ? view.hostIP : view.observed.sandbox?.ip
  return {
    phase,
    conditions: conditions(view, { phase, init, containers, initialized }),
    ...(failure && phase === 'Failed' && failure),
    hostIP: view.hostIP,
    ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
    startTime: previous?.startTime ?? view.time,
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: containers,
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  }
}

function statusOf(container: Container, { view, waitsFor }: { view: StatusView; waitsFor: string }): ContainerStatus {
  const runs = view.observed.runs.get(container.name) ?? []
  const [run] = runs
  const known = [...(view.previous?.initContainerStatuses ?? []), ...(view.previous?.containerStatuses ?? [])]
  return containerStatus({
    container,
    runs,
    previous: known.find(status => status.name === container.name),
    verdicts: run ? view.probes(container, run) : { started: false, ready: false, unhealthy: undefined },
    waiting: view.waiting.get(container.name),
    waitsFor,
    restarts: view.pod.spec.restartPolicy !== 'Never' || isSidecar(container),
    idPrefix: view.idPrefix,
  })
}

interface Computed {
  readonly phase: PodStatus['phase']
  readonly init: readonly ContainerStatus[]
  readonly containers: readonly ContainerStatus[]
  readonly initialized: boolean
}

type Finding = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/** The kubelet's conditions, then those that others own, as they are. */
function conditions(view: StatusView, computed: Computed): readonly Condition[] {
  const { pod, observed } = view
  const containersReady = containersReadyCondition(view, computed)
  const own: readonly Finding[] = [
    { type: 'PodReadyToStartContainers', status: observed.sandbox?.ready ? 'True' : 'False' },
    initializedCondition(computed),
    readyCondition(view, containersReady),
    containersReady,
  ]
  const types = new Set(own.map(condition => condition.type))
  return [
    ...own.map(finding => dated(finding, view)),
    ...(pod.status?.conditions ?? []).filter(condition => !types.has(condition.type)),
  ]
}

function initializedCondition({ phase, init, initialized }: Computed): Finding {
  if (initialized) return { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' && completed) }
  const incomplete = init.filter(status => !status.ready).map(status => status.name)
  return {
    type: 'Initialized',
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${incomplete.join(' ')}]`,
  }
}

const completed = { reason: 'PodCompleted' }

function containersReadyCondition({ pod }: StatusView, { phase, init, containers }: Computed): Finding {
  const type = 'ContainersReady'
  if (phase === 'Succeeded') return { type, status: 'False', ...completed }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' }
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(container => container.name))
  const serving = [...init.filter(status => sidecars.has(status.name)), ...containers]
  const unready = serving.filter(status => !status.ready).map(status => status.name)
  if (unready.length === 0) return { type, status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

function readyCondition({ unready }: StatusView, containersReady: Finding): Finding {
  if (containersReady.status === 'True' && unready) return { type: 'Ready', status: 'False', ...unready }
  return { ...containersReady, type: 'Ready' }
}

/** A condition keeps its time until its status changes. */
function dated(finding: Finding, { previous, time }: StatusView): Condition {
  const before = previous?.conditions?.find(condition => condition.type === finding.type)
  const lastTransitionTime = before?.status === finding.status ? (before.lastTransitionTime ?? time) : time
  return { ...finding, lastTransitionTime }
}
