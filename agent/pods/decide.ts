/** What is to be done for a pod now: a pure function of what is wanted and what was seen. */
import type { Container, Pod } from '../../engine/api/types.ts'
import { type Backoff, retryAt } from './backoff.ts'
import { exitOf, isAlive, keptRuns, lastRun, type Observed, type Run } from './runs.ts'
import type { Ending } from './stop.ts'

/** Each action has one target: a container, or the pod as a whole. One action a target runs at a time. */
export type PodAction =
  | { readonly kind: 'createSandbox' }
  | { readonly kind: 'removeSandbox' }
  /** What the volumes are made of changed. */
  | { readonly kind: 'updateVolumes' }
  /** Volumes, address and what is kept on disk go; the engine is told. */
  | { readonly kind: 'release' }
  | {
      readonly kind: 'startContainer'
      readonly container: string
      readonly attempt: number
      /** When the run that this one replaces ended, where it counts as a failure. */
      readonly failedAt?: number
    }
  | {
      readonly kind: 'stopContainer'
      readonly container: string
      readonly id: string
      readonly graceSeconds: number
      readonly because: StopCause
    }
  | { readonly kind: 'removeContainer'; readonly container: string; readonly id: string }

export type StopCause = 'liveness' | 'startup' | 'ending' | 'sandbox lost' | 'pod finished'

/** What an action works on: the pod as a whole, or a container. */
export type Target = string
export const podTarget: Target = ''

export function targetOf(action: PodAction): Target {
  return 'container' in action ? action.container : podTarget
}

/** What runs at a target now. A pull can be abandoned. */
export type Busy = PodAction['kind'] | 'pullImage'

/** Why the last try at a target failed, and when the next one may begin. */
export interface Failure {
  readonly reason: string
  readonly message: string
  readonly failedAt: number
  readonly retryAt: number
}

export interface ProbeVerdicts {
  /** True where there is no startup probe, too. */
  readonly started: boolean
  readonly ready: boolean
  /** The probe that asks for a restart. */
  readonly unhealthy: 'liveness' | 'startup' | undefined
}

export interface PodView {
  readonly pod: Pod
  readonly observed: Observed
  readonly probes: (container: Container, run: Run) => ProbeVerdicts
  readonly busy: ReadonlyMap<Target, Busy>
  readonly failures: ReadonlyMap<Target, Failure>
  readonly backoffs: ReadonlyMap<Target, Backoff>
  readonly ending: Ending | undefined
  readonly volumesAreStale: boolean
  readonly now: number
}

export interface Waiting {
  readonly reason: string
  readonly message?: string
}

export interface Decision {
  readonly actions: readonly PodAction[]
  /** Why containers that should run do not, by name. */
  readonly waiting: ReadonlyMap<string, Waiting>
  /** When deciding again may give something else, though nothing was seen meanwhile. */
  readonly wakeAt: number | undefined
}

export function decide(view: PodView): Decision {
  return afterFailures(view, decideAll(view))
}

/** A target that failed is left alone for a while. */
function afterFailures({ failures, now }: PodView, decision: Decision): Decision {
  const due = (action: PodAction) => (failures.get(targetOf(action))?.retryAt ?? now) <= now
  const waits = decision.actions
    .filter(action => !due(action))
    .map(action => wait(failures.get(targetOf(action))?.retryAt ?? now))
  return join({ ...decision, actions: decision.actions.filter(due) }, ...waits)
}

function decideAll(view: PodView): Decision {
  const { ending } = view
  if (!ending) return keepRunning(view)
  if (ending.at <= view.now) return end(view, ending)
  if (!ending.remove) return join(keepRunning(view), wait(ending.at))
  // Draining: connections are still served, but what crashed now stays down; and where nothing runs, nothing drains.
  return allContainers(view.pod).some(container => isAlive(lastRun(view.observed, container.name)))
    ? wait(ending.at)
    : end(view, ending)
}

function keepRunning(view: PodView): Decision {
  return view.observed.sandbox?.ready ? join(runContainers(view), tidy(view), updateVolumes(view)) : makeSandbox(view)
}

function updateVolumes({ volumesAreStale, busy }: PodView): Decision {
  return volumesAreStale && !busy.has(podTarget) ? { ...nothing, actions: [{ kind: 'updateVolumes' }] } : nothing
}

/** True once every container has ended and none will be started again. */
export function isFinished({ pod, observed }: Pick<PodView, 'pod' | 'observed'>): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return true
  const failedInit = plainInit(pod).some(
    c =>
      hasEnded(lastRun(observed, c.name)) &&
      !mayRunAgain(pod, lastRun(observed, c.name)) &&
      !succeeded(lastRun(observed, c.name)),
  )
  return (
    failedInit ||
    pod.spec.containers.every(c => hasEnded(lastRun(observed, c.name)) && !mayRunAgain(pod, lastRun(observed, c.name)))
  )
}

/** True once the init containers have done their part in this sandbox. */
export function isInitialized({ pod, observed, probes }: Pick<PodView, 'pod' | 'observed' | 'probes'>): boolean {
  // Whoever cleans up ended containers does not undo what they did.
  if (pod.spec.containers.some(c => isOfThisSandbox(lastRun(observed, c.name)))) return true
  return (pod.spec.initContainers ?? []).every(c => isInitDone(c, { observed, probes }))
}

function isInitDone(container: Container, { observed, probes }: Pick<PodView, 'observed' | 'probes'>): boolean {
  const run = lastRun(observed, container.name)
  if (!run) return false
  if (isSidecar(container)) return isAlive(run) && run.status.state.kind === 'running' && probes(container, run).started
  return succeeded(run) && isOfThisSandbox(run)
}

// ---- Running ----

function runContainers(view: PodView): Decision {
  const { pod } = view
  if (isFinished(view))
    return stopEach(view, {
      containers: allContainers(pod),
      graceSeconds: pod.spec.terminationGracePeriodSeconds,
      because: 'pod finished',
    })
  return oneStartAtATime(view, join(...startable(view).map(container => supervise(container, view))))
}

/** In the order of the spec: init containers up to the first that is not done; then sidecars and containers. */
function startable(view: PodView): readonly Container[] {
  const { pod } = view
  const init = pod.spec.initContainers ?? []
  if (isInitialized(view)) return [...init.filter(isSidecar), ...pod.spec.containers]
  const pending = init.findIndex(container => !isInitDone(container, view))
  return init.filter((container, index) => index === pending || (index < pending && isSidecar(container)))
}

function supervise(container: Container, view: PodView): Decision {
  const run = lastRun(view.observed, container.name)
  if (!run) return start(container, { view, attempt: firstAttempt(view.pod, container.name) })
  const { kind } = run.status.state
  if (kind === 'created' && !run.lost) return start(container, { view, attempt: run.status.attempt })
  if (isAlive(run)) return check(container, { view, run })
  if (!mustRunAgain(container, { view, run })) return nothing
  return start(container, { view, attempt: run.status.attempt + 1, ended: run })
}

function start(
  container: Container,
  { view, attempt, ended }: { view: PodView; attempt: number; ended?: Run },
): Decision {
  const failure = view.failures.get(container.name)
  if (failure && failure.retryAt > view.now) {
    return join(waiting(container.name, whileBackingOff(failure, container, view)), wait(failure.retryAt))
  }
  // Who was removed by others did not fail.
  const failedAt = ended && !ended.lost ? ended.endedAt : undefined
  if (failedAt !== undefined) {
    const due = retryAt(view.backoffs.get(container.name), failedAt)
    if (due > view.now) {
      return join(waiting(container.name, crashLoop(container, view)), wait(due))
    }
  }
  if (view.busy.has(container.name)) return failure ? waiting(container.name, failure) : nothing
  const action: PodAction = {
    kind: 'startContainer',
    container: container.name,
    attempt,
    ...(failedAt !== undefined && { failedAt }),
  }
  return { ...nothing, actions: [action] }
}

function check(container: Container, { view, run }: { view: PodView; run: Run }): Decision {
  const { unhealthy } = view.probes(container, run)
  if (!unhealthy || view.busy.has(container.name)) return nothing
  const probe = unhealthy === 'liveness' ? container.livenessProbe : container.startupProbe
  const graceSeconds = probe?.terminationGracePeriodSeconds ?? view.pod.spec.terminationGracePeriodSeconds
  return { ...nothing, actions: [stop(run, { graceSeconds, because: unhealthy })] }
}

/** A container's postStart may count on those before it: the next one starts when the start before it is done. */
function oneStartAtATime(view: PodView, decision: Decision): Decision {
  const starting = [...view.busy.values()].some(busy => busy === 'startContainer' || busy === 'pullImage')
  const first = decision.actions.find(action => action.kind === 'startContainer')
  return {
    ...decision,
    actions: decision.actions.filter(action => action.kind !== 'startContainer' || (!starting && action === first)),
  }
}

/** A run older than the ones whose logs can be asked for. */
function tidy({ observed, busy }: PodView): Decision {
  const actions = [...observed.runs].flatMap(([container, runs]) =>
    busy.has(container)
      ? []
      : runs
          .slice(keptRuns)
          .filter(run => !run.lost && run.status.state.kind === 'exited')
          .slice(0, 1)
          .map(run => ({ kind: 'removeContainer' as const, container, id: run.status.id })),
  )
  return { ...nothing, actions }
}

// ---- The sandbox ----

function makeSandbox(view: PodView): Decision {
  const { pod, observed } = view
  if (isFinished(view) || (pod.spec.restartPolicy === 'Never' && observed.runs.size > 0)) return nothing
  if (observed.sandbox) return replaceSandbox(view)
  return view.busy.has(podTarget) ? nothing : { ...nothing, actions: [{ kind: 'createSandbox' }] }
}

/** What the containers shared is gone: those that run on are stopped before it is made anew. */
function replaceSandbox(view: PodView): Decision {
  const { pod } = view
  const stops = stopEach(view, {
    containers: allContainers(pod),
    graceSeconds: pod.spec.terminationGracePeriodSeconds,
    because: 'sandbox lost',
  })
  return whenIdle(view, stops, { kind: 'removeSandbox' })
}

// ---- The end ----

function end(view: PodView, ending: Ending): Decision {
  const { pod, observed } = view
  const { graceSeconds } = ending
  const stops = stopEach(view, { containers: allContainers(pod), graceSeconds, because: 'ending' })
  if (!ending.remove) return stops
  return whenIdle(view, stops, { kind: observed.sandbox ? 'removeSandbox' : 'release' })
}

/** Containers first, all at once; then the sidecars that they may need, the last one first. */
function stopEach(
  view: PodView,
  { containers, graceSeconds, because }: { containers: readonly Container[]; graceSeconds: number; because: StopCause },
): Decision {
  const alive = containers.flatMap(container => {
    const run = lastRun(view.observed, container.name)
    return run && isAlive(run) && run.status.state.kind === 'running' ? [{ container, run }] : []
  })
  const sidecars = alive.filter(({ container }) => isSidecar(container))
  const others = alive.filter(({ container }) => !isSidecar(container))
  const due = others.length > 0 ? others : sidecars.slice(-1)
  const actions = due
    .filter(({ container }) => !view.busy.has(container.name))
    .map(({ run }) => stop(run, { graceSeconds, because }))
  return { ...nothing, actions }
}

/** `action` once nothing is left to stop and nothing is under way that could still make a container. */
function whenIdle(view: PodView, stops: Decision, action: PodAction): Decision {
  const atWork = [...view.busy.values()].some(busy => busy !== 'pullImage')
  if (stops.actions.length > 0 || atWork) return stops
  return { ...nothing, actions: [action] }
}

function stop(run: Run, { graceSeconds, because }: { graceSeconds: number; because: StopCause }): PodAction {
  return { kind: 'stopContainer', container: run.status.name, id: run.status.id, graceSeconds, because }
}

// ---- Rules of containers ----

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

export function allContainers(pod: Pod): readonly Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
}

function plainInit(pod: Pod): readonly Container[] {
  return (pod.spec.initContainers ?? []).filter(container => !isSidecar(container))
}

function mustRunAgain(container: Container, { view, run }: { view: PodView; run: Run }): boolean {
  if (isSidecar(container)) return true
  const isInit = view.pod.spec.initContainers?.some(init => init.name === container.name) ?? false
  // An init container is asked for only until it is done: what it did before is gone with its sandbox.
  if (isInit) return succeeded(run) || view.pod.spec.restartPolicy !== 'Never'
  return mayRunAgain(view.pod, run)
}

function mayRunAgain(pod: Pod, run: Run | undefined): boolean {
  if (pod.spec.restartPolicy === 'OnFailure') return !succeeded(run)
  return pod.spec.restartPolicy === 'Always'
}

function hasEnded(run: Run | undefined): boolean {
  return exitOf(run) !== undefined
}

function succeeded(run: Run | undefined): boolean {
  return exitOf(run)?.exitCode === 0
}

function isOfThisSandbox(run: Run | undefined): boolean {
  return run !== undefined && run.lost !== 'withSandbox'
}

/** Counts on where an earlier life of the pod ended, if the runtime forgot it. */
function firstAttempt(pod: Pod, container: string): number {
  const known = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].find(
    status => status.name === container,
  )
  if (!known) return 0
  return known.containerID === undefined ? known.restartCount : known.restartCount + 1
}

// ---- Words ----

/** A pull that just failed is told as it failed; later it is the wait that is told, as the kubelet does. */
function whileBackingOff(failure: Failure, container: Container, { now }: PodView): Waiting {
  if (failure.reason !== 'ErrImagePull' || now - failure.failedAt < 1000) return failure
  return {
    reason: 'ImagePullBackOff',
    message: `Back-off pulling image "${container.image ?? ''}": ${failure.message}`,
  }
}

function crashLoop(container: Container, { pod, backoffs }: PodView): Waiting {
  const { name, namespace = '', uid = '' } = pod.metadata
  const wait = duration((backoffs.get(container.name)?.delayMs ?? 0) / 1000)
  const message = `back-off ${wait} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`
  return { reason: 'CrashLoopBackOff', message }
}

/** As Go prints it: `10s`, `1m20s`, `5m0s`. */
function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`
}

// ---- Decisions ----

const nothing: Decision = { actions: [], waiting: new Map(), wakeAt: undefined }

function wait(until: number): Decision {
  return { ...nothing, wakeAt: until }
}

function waiting(container: string, { reason, message }: Waiting): Decision {
  return { ...nothing, waiting: new Map([[container, { reason, ...(message !== undefined && { message }) }]]) }
}

function join(...decisions: readonly Decision[]): Decision {
  const wakes = decisions.flatMap(decision => decision.wakeAt ?? [])
  return {
    actions: decisions.flatMap(decision => decision.actions),
    waiting: new Map(decisions.flatMap(decision => [...decision.waiting])),
    wakeAt: wakes.length > 0 ? Math.min(...wakes) : undefined,
  }
}
