/** What is to be done for a pod now: a pure function of what is wanted and what was seen. */
import type { Container, Pod } from '../../engine/api/types.ts'
import type { ContainerId } from '../runtime/runtime.ts'
import { type Backoff, retryAt } from './backoff.ts'
import { allContainers, isSidecar } from '../spec/containers.ts'
import {
  act,
  type Busy,
  type Decision,
  join,
  nothing,
  type PodAction,
  podTarget,
  type StopContainer,
  type Target,
  targetOf,
  type Waiting,
  waiting,
  wakeAt,
} from './decision.ts'
import { isFinished, isInitDone, isInitialized, isRunning, mustRunAgain, type Progress } from './progress.ts'
import { isAlive, keptRuns, lastRun, type Run } from './runs.ts'
import type { Ending } from './stop.ts'

export interface PodView extends Progress {
  readonly busy: ReadonlyMap<Target, Busy>
  readonly failures: ReadonlyMap<Target, Failure>
  readonly backoffs: ReadonlyMap<Target, Backoff>
  readonly ending: Ending | undefined
  readonly volumesAreStale: boolean
  /** When the stops that are under way kill. */
  readonly kills: ReadonlyMap<ContainerId, number>
  readonly now: number
}

/** Why the last try at a target failed, and when the next one may begin. */
export interface Failure {
  readonly reason: string
  readonly message: string
  readonly failedAt: number
  readonly retryAt: number
}

export function decide(view: PodView): Decision {
  return afterFailures(view, toBeDone(view))
}

/** A target that failed is left alone for a while. */
function afterFailures({ failures, now }: PodView, decision: Decision): Decision {
  const due = (action: PodAction) => failures.get(targetOf(action))?.retryAt ?? now
  return join(
    { ...decision, actions: decision.actions.filter(action => due(action) <= now) },
    ...decision.actions.filter(action => due(action) > now).map(action => wakeAt(due(action))),
  )
}

function toBeDone(view: PodView): Decision {
  const { ending } = view
  if (!ending) return run(view)
  if (ending.at <= view.now) return end(view, ending)
  if (!ending.remove) return join(run(view), wakeAt(ending.at))
  // Draining: connections are still served, but what crashes now stays down; and where nothing runs, nothing drains.
  const isServing = allContainers(view.pod).some(container => isAlive(lastRun(view.observed, container.name)))
  return isServing ? wakeAt(ending.at) : end(view, ending)
}

function run(view: PodView): Decision {
  if (!view.observed.sandbox?.ready) return makeSandbox(view)
  return join(runContainers(view), removeOldRuns(view), updateVolumes(view))
}

// ---- Containers ----

function runContainers(view: PodView): Decision {
  if (isFinished(view)) return stopAll(view, { because: 'pod finished' })
  return oneStartAtATime(view, join(...startable(view).map(container => supervise(container, view))))
}

/** In the order of the spec: init containers up to the first that is not done; then sidecars and containers. */
function startable(view: PodView): readonly Container[] {
  const { initContainers = [], containers } = view.pod.spec
  if (isInitialized(view)) return [...initContainers.filter(isSidecar), ...containers]
  const pending = initContainers.findIndex(container => !isInitDone(container, view))
  return initContainers.filter((container, index) => index === pending || (index < pending && isSidecar(container)))
}

function supervise(container: Container, view: PodView): Decision {
  const run = lastRun(view.observed, container.name)
  if (!run) return start(container, { view, attempt: 0 })
  if (isRunning(run)) return restartIfUnhealthy(container, { view, run })
  // Created and not started: the agent was cut off between the two.
  if (isAlive(run)) return start(container, { view, attempt: run.status.attempt })
  if (!mustRunAgain(container, { pod: view.pod, run })) return nothing
  return start(container, { view, attempt: run.status.attempt + 1, ended: run })
}

function start(
  container: Container,
  { view, attempt, ended }: { view: PodView; attempt: number; ended?: Run },
): Decision {
  const { name } = container
  const failure = view.failures.get(name)
  if (view.busy.has(name)) return failure ? waiting(name, failure) : nothing
  if (failure && failure.retryAt > view.now) {
    return join(waiting(name, afterFailure(failure, { container, now: view.now })), wakeAt(failure.retryAt))
  }
  // Who was removed by others did not fail.
  const failedAt = ended?.lost ? undefined : ended?.endedAt
  const due = failedAt === undefined ? view.now : retryAt(view.backoffs.get(name), failedAt)
  if (due > view.now) return join(waiting(name, crashLoop(container, view)), wakeAt(due))
  return act({ kind: 'startContainer', container: name, attempt, ...(failedAt !== undefined && { failedAt }) })
}

function restartIfUnhealthy(container: Container, { view, run }: { view: PodView; run: Run }): Decision {
  const { unhealthy } = view.probes(container, run)
  if (!unhealthy || view.busy.has(container.name)) return nothing
  const probe = unhealthy === 'liveness' ? container.livenessProbe : container.startupProbe
  const graceSeconds = probe?.terminationGracePeriodSeconds ?? view.pod.spec.terminationGracePeriodSeconds
  return act(stop(run, { graceSeconds, because: unhealthy }))
}

/** A container may count on the postStart of those before it: the next one starts when the start before it is done. */
function oneStartAtATime({ busy }: PodView, decision: Decision): Decision {
  const isStarting = [...busy.values()].some(work => work === 'startContainer' || work === 'pullImage')
  const first = decision.actions.find(action => action.kind === 'startContainer')
  const mayBegin = (action: PodAction) => action.kind !== 'startContainer' || (!isStarting && action === first)
  return { ...decision, actions: decision.actions.filter(mayBegin) }
}

/** Runs older than those whose logs can be asked for. */
function removeOldRuns({ observed, busy }: PodView): Decision {
  const actions: PodAction[] = []
  for (const [container, runs] of observed.runs) {
    const old = runs.slice(keptRuns).find(run => !run.lost && !isAlive(run))
    if (old && !busy.has(container)) actions.push({ kind: 'removeContainer', container, id: old.status.id })
  }
  return act(...actions)
}

function updateVolumes({ volumesAreStale, busy }: PodView): Decision {
  return volumesAreStale && !busy.has(podTarget) ? act({ kind: 'updateVolumes' }) : nothing
}

// ---- The sandbox ----

function makeSandbox(view: PodView): Decision {
  const { pod, observed, busy } = view
  // A pod that is never restarted has failed when it loses its sandbox.
  const hasRun = pod.spec.containers.some(container => observed.runs.has(container.name))
  if (isFinished(view) || (pod.spec.restartPolicy === 'Never' && hasRun)) return nothing
  // What the containers shared is gone: those that run on are stopped before it is made anew.
  if (observed.sandbox)
    return whenIdle(view, { first: stopAll(view, { because: 'sandbox lost' }), next: 'removeSandbox' })
  return busy.has(podTarget) ? nothing : act({ kind: 'createSandbox' })
}

// ---- The end ----

function end(view: PodView, { graceSeconds, remove }: Ending): Decision {
  const first = stopAll(view, { graceSeconds, because: 'ending' })
  if (!remove) return first
  return whenIdle(view, { first, next: view.observed.sandbox ? 'removeSandbox' : 'release' })
}

/** Containers first, all at once; then the sidecars that they may need, the last one first. */
function stopAll(
  view: PodView,
  {
    graceSeconds = view.pod.spec.terminationGracePeriodSeconds,
    because,
  }: { graceSeconds?: number; because: StopContainer['because'] },
): Decision {
  const running = allContainers(view.pod).flatMap(container => {
    const run = lastRun(view.observed, container.name)
    return run && isRunning(run) ? [{ container, run }] : []
  })
  const others = running.filter(({ container }) => !isSidecar(container))
  const due = others.length > 0 ? others : running.slice(-1)
  return act(
    ...due.flatMap(({ container, run }) => {
      if (!view.busy.has(container.name)) return [stop(run, { graceSeconds, because })]
      // Whoever deletes once more with a shorter grace need not wait for the first one.
      const killsAt = view.kills.get(run.status.id)
      const isSooner = killsAt !== undefined && view.now + graceSeconds * 1000 < killsAt
      return isSooner ? [{ ...stop(run, { graceSeconds, because }), shortens: true as const }] : []
    }),
  )
}

/** An action on the pod, once nothing is left to stop and nothing is under way that could still make a container. */
function whenIdle(
  { busy }: PodView,
  { first, next: kind }: { first: Decision; next: 'removeSandbox' | 'release' },
): Decision {
  const isAtWork = [...busy.values()].some(work => work !== 'pullImage')
  return first.actions.length > 0 || isAtWork ? first : act({ kind })
}

function stop(run: Run, { graceSeconds, because }: Pick<StopContainer, 'graceSeconds' | 'because'>): StopContainer {
  return { kind: 'stopContainer', container: run.status.name, id: run.status.id, graceSeconds, because }
}

// ---- Words ----

/** A pull that just failed is told as it failed; after that it is the wait that is told, as the kubelet does. */
function afterFailure(failure: Failure, { container, now }: { container: Container; now: number }): Waiting {
  if (failure.reason !== 'ErrImagePull' || now - failure.failedAt < 1000) return failure
  return {
    reason: 'ImagePullBackOff',
    message: `Back-off pulling image "${container.image ?? ''}": ${failure.message}`,
  }
}

function crashLoop(container: Container, { pod, backoffs }: PodView): Waiting {
  const wait = duration((backoffs.get(container.name)?.delayMs ?? 0) / 1000)
  return {
    reason: 'CrashLoopBackOff',
    message: `back-off ${wait} restarting failed container=${container.name} pod=${fullName(pod)}`,
  }
}

function fullName({ metadata: { name, namespace = '', uid = '' } }: Pod): string {
  return `${name}_${namespace}(${uid})`
}

/** As Go prints it: `10s`, `1m20s`, `5m0s`. */
function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`
}
