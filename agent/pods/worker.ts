/**
 * One pod of this node. Whatever happens (a change of the mirror, an event of the runtime, a probe, an alarm, the end of
 * an action) wakes it; awake, it looks at all there is, decides anew, begins what may begin, and reports.
 */
import { equal } from '../../engine/api/stable.ts'
import { toTime } from '../../engine/api/time.ts'
import type { Container, KubeObject, Pod, PodStatus, Uid } from '../../engine/api/types.ts'
import type { EventReport, PodReport } from '../../engine/protocol/session.ts'
import type { Mirror } from '../mirror.ts'
import type { ProbeKind } from '../probes/judge.ts'
import type { Prober, ProbeTarget, Verdicts } from '../probes/prober.ts'
import {
  type ContainerId,
  type ContainerStatusReport,
  ImageError,
  type Runtime,
  type SandboxState,
  StartError,
} from '../runtime/runtime.ts'
import { VolumeError } from '../volumes/files.ts'
import type { Alarms } from './alarms.ts'
import { type Backoff, nextBackoff } from './backoff.ts'
import { allContainers } from '../spec/containers.ts'
import { decide, type Failure } from './decide.ts'
import { type Busy, type Decision, type PodAction, type Target, targetOf } from './decision.ts'
import type { Gate } from './gate.ts'
import { ListenerWatch, type Unready } from './listeners.ts'
import { type Moment, moment } from './moment.ts'
import { type Hands, textOf } from './facts.ts'
import { type Outcome, perform } from './perform.ts'
import { release } from './stopping.ts'
import { isRunning } from './progress.ts'
import { mountsPodFields, type Reference, referencesOf, referredObjects } from './references.ts'
import {
  forgetRun,
  isAlive,
  lastRun,
  nothingObserved,
  observeContainer,
  type Observed,
  observeSandbox,
  type Run,
} from './runs.ts'
import { podStatus } from './status.ts'
import { endingOf } from './stop.ts'

/** What all pods of a node share. */
export interface Surroundings {
  readonly hands: Hands
  readonly alarms: Alarms
  readonly prober: Prober
  /** Undefined until the engine's word is known: until then nothing is done. */
  mirror(): Mirror | undefined
  /** True once `gantry down` was asked for. */
  nodeStops(): boolean
  onReport(report: PodReport): void
  onEvent(event: EventReport): void
  /** Nothing of the pod is left on this node. */
  onReleased(uid: Uid): void
}

/** Where the pod's containers run; undefined where this node has no such runtime. */
export type Place = { readonly runtime: Runtime; readonly gate: Gate; isListed(): boolean; relist(): void } | undefined

/** How long until a pod that could not be understood is looked at again. */
const confusedMs = 10_000

export class PodWorker {
  readonly uid: Uid
  readonly #place: Place
  readonly #around: Surroundings
  #pod: Pod
  /** Undefined until the engine's word is known. */
  #wanted: boolean | undefined
  #observed: Observed = nothingObserved
  #references: readonly Reference[]
  #referred: readonly (KubeObject | undefined)[] = []
  #volumesAreStale = false
  #deletionSeenAt: number | undefined
  #status: PodStatus | undefined
  #waiting: Decision['waiting'] = new Map()
  #unready: Unready | undefined
  readonly #listeners: ListenerWatch | undefined
  #released = false
  #closed = false
  #isAwake = false
  /** Counts what changed, so that an older listing is known as such. */
  #changes = 0
  /** Containers that were stopped: their end may be told after the stop has returned. */
  readonly #stopped = new Set<ContainerId>()
  readonly #busy = new Map<Target, Busy>()
  readonly #failures = new Map<Target, Failure>()
  readonly #tries = new Map<Target, number>()
  readonly #backoffs = new Map<Target, Backoff>()

  constructor(pod: Pod, { place, around }: { place: Place; around: Surroundings }) {
    this.uid = pod.metadata.uid ?? ''
    this.#pod = pod
    this.#references = referencesOf(pod)
    this.#place = place
    this.#around = around
    this.#status = pod.status
    this.#listeners =
      place?.runtime.listeners &&
      new ListenerWatch({
        podUid: this.uid,
        runtime: place.runtime,
        alarms: around.alarms,
        onFound: unready => this.#setUnready(unready),
      })
  }

  get pod(): Pod {
    return this.#pod
  }

  get place(): Place {
    return this.#place
  }

  get observed(): Observed {
    return this.#observed
  }

  get isReleased(): boolean {
    return this.#released
  }

  /** For telling whether anything changed since. */
  get changes(): number {
    return this.#changes
  }

  get isReady(): boolean {
    return this.#status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  }

  report(): PodReport | undefined {
    const { name, namespace = '' } = this.#pod.metadata
    if (this.#released) return { uid: this.uid, namespace, name, gone: true }
    return this.#status && { uid: this.uid, namespace, name, status: this.#status }
  }

  /** What the engine wants now; undefined: its mirror does not hold the pod. */
  want(pod: Pod | undefined, mirror: Mirror): void {
    const before = this.#pod
    const wasWanted = this.#wanted
    this.#wanted = pod !== undefined
    // What an agent before this one reported is what the engine holds.
    if (wasWanted === undefined) this.#status = pod?.status
    if (pod) this.#pod = pod
    if (before.spec !== this.#pod.spec) this.#references = referencesOf(this.#pod)
    const { namespace = '' } = this.#pod.metadata
    const referred = referredObjects(this.#references, { namespace, mirror })
    const sameObjects = referred.length === this.#referred.length && referred.every((o, i) => o === this.#referred[i])
    const sameFields = before === this.#pod || !mountsPodFields(this.#pod)
    this.#referred = referred
    if (!sameObjects || !sameFields) this.#takeUpSources()
    // Whatever could not be done for a pod that was to run does not delay its end.
    if (wasWanted !== this.#wanted || before.metadata.deletionTimestamp !== this.#pod.metadata.deletionTimestamp)
      this.#failures.clear()
    if (!sameObjects || before !== this.#pod || wasWanted !== this.#wanted) this.wake()
  }

  #takeUpSources(): void {
    this.#volumesAreStale = (this.#pod.spec.volumes?.length ?? 0) > 0
    // What was missing may be there now.
    for (const [target, { reason }] of this.#failures) {
      if (reason === 'CreateContainerConfigError' || reason === 'FailedMount') this.#failures.delete(target)
    }
  }

  observeContainer(status: ContainerStatusReport): void {
    this.#see(observeContainer(this.#observed, status, moment()))
  }

  /** False: the listing may be older than what is known, and is not used. */
  observeListing(state: SandboxState | undefined, { changesBefore }: { changesBefore: number }): boolean {
    const isChanging = [...this.#busy.values()].some(busy => busy !== 'pullImage' && busy !== 'stopContainer')
    if (isChanging || changesBefore !== this.#changes) return false
    this.#see(observeSandbox(this.#observed, state, moment()))
    return true
  }

  #see(observed: Observed): void {
    if (observed === this.#observed) return
    this.#observed = observed
    this.#changes++
    this.wake()
  }

  #setUnready(unready: Unready | undefined): void {
    if (equal(unready, this.#unready)) return
    this.#unready = unready
    if (unready) this.#tell({ type: 'Warning', ...unready })
    this.wake()
  }

  /** Only where pods share the host's addresses can one take another's. */
  #watchListeners(): void {
    const ip = this.#observed.sandbox?.ip
    const sharesAddresses = this.#around.hands.network.mode === 'loopback' && !this.#pod.spec.hostNetwork
    if (!this.#listeners || !sharesAddresses || ip === undefined) return
    const running = allContainers(this.#pod).flatMap(({ name }) => {
      const run = lastRun(this.#observed, name)
      return run && isRunning(run) ? [run.status.id] : []
    })
    this.#listeners.follow(running.length > 0 ? { ids: running.join(' '), ip } : undefined)
    if (running.length === 0) this.#unready = undefined
  }

  wake(): void {
    if (this.#isAwake || this.#closed || this.#released) return
    this.#isAwake = true
    queueMicrotask(() => {
      this.#isAwake = false
      if (!this.#closed && !this.#released) this.#lookAroundSafely()
    })
  }

  close(): void {
    this.#closed = true
  }

  /** What is wrong with one pod never stops the others. */
  #lookAroundSafely(): void {
    try {
      this.#lookAround()
    } catch (error) {
      this.#tell({ type: 'Warning', reason: 'FailedSync', message: textOf(error) })
      this.#around.alarms.set(this.uid, confusedMs, () => this.wake())
    }
  }

  #lookAround(): void {
    const mirror = this.#around.mirror()
    if ((!mirror && !this.#around.nodeStops()) || this.#place?.isListed() === false) return
    const at = moment()
    if (this.#pod.metadata.deletionTimestamp !== undefined) this.#deletionSeenAt ??= at.now
    const ending = endingOf({
      ...at,
      pod: this.#pod,
      wanted: this.#wanted ?? true,
      nodeStops: this.#around.nodeStops(),
      deletionSeenAt: this.#deletionSeenAt,
      startTime: this.#status?.startTime,
    })
    this.#around.prober.probe(this.uid, this.#probeTargets(at))
    this.#watchListeners()
    const decision = decide({
      pod: this.#pod,
      observed: this.#observed,
      probes: this.#verdicts,
      busy: this.#busy,
      failures: this.#failures,
      backoffs: this.#backoffs,
      volumesAreStale: this.#volumesAreStale,
      ending,
      now: at.now,
    })
    this.#around.alarms.set(this.uid, decision.wakeAt === undefined ? undefined : decision.wakeAt - at.now, () =>
      this.wake(),
    )
    this.#tellOfWaiting(decision.waiting)
    this.#updateStatus(at, { decision, failure: ending && ending.at <= at.now ? ending.failure : undefined })
    for (const action of decision.actions) {
      const isDone = action.kind === 'stopContainer' && this.#stopped.has(action.id)
      if (!isDone) void this.#begin(action, mirror)
    }
  }

  // ---- Actions ----

  async #begin(action: PodAction, mirror: Mirror | undefined): Promise<void> {
    const target = targetOf(action)
    this.#changes++
    this.#busy.set(target, action.kind === 'startContainer' ? 'pullImage' : action.kind)
    if (action.kind === 'updateVolumes' || action.kind === 'createSandbox') this.#volumesAreStale = false
    if (action.kind === 'startContainer' && action.failedAt !== undefined) {
      const tried = nextBackoff(this.#backoffs.get(target), { failedAt: action.failedAt, now: moment().now })
      this.#backoffs.set(target, tried)
    }
    try {
      this.#take(await this.#perform(action, mirror))
      this.#failures.delete(target)
      this.#tries.delete(target)
      if (action.kind === 'release') this.#end()
    } catch (error) {
      this.#fail(action, error)
    }
    this.#changes++
    this.#busy.delete(target)
    this.wake()
  }

  async #perform(action: PodAction, mirror: Mirror | undefined): Promise<Outcome> {
    const { hands } = this.#around
    if (action.kind === 'release') {
      await release({ ...hands, pod: this.#pod })
      return { kind: 'done' }
    }
    if (!this.#place) throw new Error(missingRuntime(this.#pod))
    return perform(action, {
      ...hands,
      ...this.#place,
      pod: this.#pod,
      mirror,
      ip: this.#observed.sandbox?.ip,
      onPulled: container => this.#mayStart(container),
      onEvent: event => this.#tell(event),
    })
  }

  /** The pull of an image can take long: what was wanted at its begin may be unwanted at its end. */
  #mayStart(container: Target): boolean {
    const deleted = this.#pod.metadata.deletionTimestamp !== undefined
    if (this.#closed || deleted || !this.#wanted || this.#around.nodeStops()) return false
    this.#busy.set(container, 'startContainer')
    return true
  }

  #take(outcome: Outcome): void {
    const at = moment()
    if (outcome.kind === 'sandbox') this.#see(observeSandbox(this.#observed, outcome.sandbox, at))
    if (outcome.kind === 'container') this.#see(observeContainer(this.#observed, outcome.status, at))
    if (outcome.kind === 'stopped') this.#expectEnd(outcome.id)
    if (outcome.kind === 'removed') this.#see(forgetRun(this.#observed, outcome.id, at))
  }

  #expectEnd(id: ContainerId): void {
    this.#stopped.add(id)
    const runs = [...this.#observed.runs.values()].flat()
    if (runs.some(run => run.status.id === id && isAlive(run))) this.#place?.relist()
  }

  #fail(action: PodAction, error: unknown): void {
    const target = targetOf(action)
    const { now } = moment()
    const tries = this.#tries.get(target) ?? 0
    this.#tries.set(target, tries + 1)
    const first = action.kind === 'startContainer' ? 10_000 : 1_000
    const retryAt = now + Math.min(first * 2 ** tries, action.kind === 'startContainer' ? 300_000 : 30_000)
    const failure: Failure = { reason: reasonOf(action, error), message: textOf(error), failedAt: now, retryAt }
    this.#failures.set(target, failure)
    if (action.kind === 'updateVolumes') this.#volumesAreStale = true
    this.#tell({ type: 'Warning', reason: eventReason(failure.reason), message: failure.message })
  }

  #end(): void {
    this.#released = true
    this.#around.alarms.set(this.uid, undefined, () => undefined)
    this.#around.prober.probe(this.uid, [])
    this.#listeners?.follow(undefined)
    this.#around.onReleased(this.uid)
  }

  // ---- Probes ----

  readonly #verdicts = (container: Container, run: Run): Verdicts => {
    // Until its postStart is done a container has not started.
    if (this.#busy.get(container.name) === 'startContainer')
      return { started: false, ready: false, unhealthy: undefined }
    return this.#around.prober.verdicts(run.status.id) ?? { started: true, ready: true, unhealthy: undefined }
  }

  #probeTargets(at: Moment): readonly ProbeTarget[] {
    const place = this.#place
    if (!place) return []
    return allContainers(this.#pod).flatMap(container => {
      const run = lastRun(this.#observed, container.name)
      if (!run || !isAlive(run) || run.status.state.kind !== 'running') return []
      if (this.#busy.get(container.name) === 'startContainer') return []
      return [this.#probeTarget(container, { run, startedAt: run.status.state.startedAt, at, runtime: place.runtime })]
    })
  }

  #probeTarget(
    container: Container,
    { run, startedAt, at, runtime }: { run: Run; startedAt: number; at: Moment; runtime: Runtime },
  ): ProbeTarget {
    const known = [...(this.#status?.initContainerStatuses ?? []), ...(this.#status?.containerStatuses ?? [])].find(
      status => status.containerID === `${runtime.name}://${run.status.id}`,
    )
    return {
      podUid: this.uid,
      container,
      containerId: run.status.id,
      host: this.#observed.sandbox?.ip ?? this.#around.hands.network.hostAddress,
      runtime,
      startedAt: at.now - Math.max(0, at.wall - startedAt),
      found: known && { started: known.started ?? false, ready: known.ready },
    }
  }

  // ---- Telling ----

  #updateStatus(at: Moment, { decision, failure }: { decision: Decision; failure: StatusFailure }): void {
    const status = podStatus({
      pod: this.#pod,
      observed: this.#observed,
      probes: this.#verdicts,
      waiting: decision.waiting,
      previous: this.#status,
      failure,
      unready: this.#unready,
      hostIP: this.#around.hands.network.hostAddress,
      idPrefix: `${this.#place?.runtime.name ?? 'none'}://`,
      time: toTime(at.wall),
    })
    if (equal(status, this.#status)) return
    this.#status = status
    const report = this.report()
    if (report && this.#wanted) this.#around.onReport(report)
  }

  tellOfProbe({ kind, message }: { kind: ProbeKind; message: string }): void {
    const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
    this.#tell({ type: 'Warning', reason: 'Unhealthy', message: `${name} probe failed: ${message}` })
  }

  #tellOfWaiting(waiting: Decision['waiting']): void {
    for (const [container, { reason, message }] of waiting) {
      if (this.#waiting.get(container)?.reason === reason) continue
      if (reason === 'CrashLoopBackOff') {
        const words = `Back-off restarting failed container ${container} in pod ${this.#pod.metadata.name}`
        this.#tell({ type: 'Warning', reason: 'BackOff', message: words })
      }
      if (reason === 'ImagePullBackOff') this.#tell({ type: 'Normal', reason: 'BackOff', message: message ?? reason })
    }
    this.#waiting = waiting
  }

  #tell(event: Omit<EventReport, 'ref'>): void {
    const { name, namespace = '' } = this.#pod.metadata
    this.#around.onEvent({ ref: { kind: 'Pod', key: `${namespace}/${name}` }, ...event })
  }
}

type StatusFailure = { readonly reason: string; readonly message: string } | undefined

function reasonOf(action: PodAction, error: unknown): string {
  if (error instanceof ImageError || error instanceof StartError) return error.reason
  if (error instanceof VolumeError) return 'FailedMount'
  return {
    createSandbox: 'FailedCreatePodSandBox',
    removeSandbox: 'FailedKillPod',
    updateVolumes: 'FailedMount',
    release: 'FailedKillPod',
    startContainer: 'CreateContainerError',
    stopContainer: 'FailedKillPod',
    removeContainer: 'FailedKillPod',
  }[action.kind]
}

/** A container's failures are all told as `Failed`. */
function eventReason(reason: string): string {
  return reason.startsWith('Failed') ? reason : 'Failed'
}

function missingRuntime(pod: Pod): string {
  return pod.spec.runtimeClassName === 'process'
    ? 'this node does not run process pods'
    : 'no container runtime: this node has none that runs images; give the node a Docker Engine, or the pod runtimeClassName: process'
}
