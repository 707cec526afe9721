/**
 * One pod of this node. Whatever happens (a change of the mirror, an event of the runtime, a probe, an alarm, the end of
 * an action) wakes it; awake, it looks at all there is, decides anew, begins what may begin, and reports.
 */
import { equal } from '../../engine/api/stable.ts'
import { toTime } from '../../engine/api/time.ts'
import type { Container, Pod, PodStatus, Uid } from '../../engine/api/types.ts'
import type { PodReport } from '../../engine/protocol/session.ts'
import type { Mirror } from '../mirror.ts'
import type { ProbeKind } from '../probes/judge.ts'
import type { Verdicts } from '../probes/prober.ts'
import type { ContainerId, ContainerStatusReport, SandboxState } from '../runtime/runtime.ts'
import { decide } from './decide.ts'
import type { Decision, PodAction, Target } from './decision.ts'
import { type PodEvent, probeEvent, waitingEvents } from './events.ts'
import { textOf } from './facts.ts'
import { eventReason, reasonOf } from './failure-reason.ts'
import { LogWords } from './last-words.ts'
import { listeningOf, ListenerWatch, type Unready } from './listeners.ts'
import { type Moment, moment } from './moment.ts'
import { type Outcome, perform } from './perform.ts'
import { probeTargets } from './probe-targets.ts'
import { recallRuns } from './recall.ts'
import { mountsPodFields, Sources } from './references.ts'
import {
  forgetRun,
  isAlive,
  nothingObserved,
  observeContainer,
  type Observed,
  observeSandbox,
  type Run,
  withLastWords,
} from './runs.ts'
import { podStatus } from './status.ts'
import { endingOf } from './stop.ts'
import { release } from './stopping.ts'
import { missingRuntime, type Place, type Surroundings } from './surroundings.ts'
import { Work } from './work.ts'

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
  readonly #sources = new Sources()
  #volumesAreStale = false
  #deletionSeenAt: number | undefined
  #status: PodStatus | undefined
  #waiting: Decision['waiting'] = new Map()
  readonly #listeners: ListenerWatch | undefined
  readonly #logWords: LogWords | undefined
  #released = false
  #closed = false
  #isAwake = false
  #hasRecalled = false
  /** Counts what changed, so that an older listing is known as such. */
  #changes = 0
  /** Containers that were stopped: their end may be told after the stop has returned. */
  readonly #stopped = new Set<ContainerId>()
  readonly #work = new Work()

  constructor(pod: Pod, { place, around }: { place: Place; around: Surroundings }) {
    this.uid = pod.metadata.uid ?? ''
    this.#pod = pod
    this.#place = place
    this.#around = around
    this.#status = pod.status
    this.#logWords =
      place &&
      new LogWords({
        runtime: place.runtime,
        onFound: (id, words) => this.#takeWords(id, words),
      })
    // Only where pods share the host's addresses can one take another's.
    if (!place?.runtime.listeners || around.hands.network.mode !== 'loopback' || pod.spec.hostNetwork) return
    const { runtime } = place
    const onChange = (unready: Unready | undefined) => this.#tellOfListeners(unready)
    this.#listeners = new ListenerWatch({ podUid: this.uid, runtime, alarms: around.alarms, onChange })
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
    const isOther = before !== this.#pod
    const hasOtherSources = this.#sources.refresh(this.#pod, mirror)
    if (hasOtherSources || (isOther && mountsPodFields(this.#pod))) this.#takeUpSources()
    // Whatever could not be done for a pod that was to run does not delay its end.
    if (wasWanted !== this.#wanted || before.metadata.deletionTimestamp !== this.#pod.metadata.deletionTimestamp)
      this.#work.failures.clear()
    if (hasOtherSources || isOther || wasWanted !== this.#wanted) this.wake()
  }

  #takeUpSources(): void {
    this.#volumesAreStale = (this.#pod.spec.volumes?.length ?? 0) > 0
    // What was missing may be there now.
    for (const [target, { reason }] of this.#work.failures) {
      if (reason === 'CreateContainerConfigError' || reason === 'FailedMount') this.#work.failures.delete(target)
    }
  }

  observeContainer(status: ContainerStatusReport): void {
    this.#see(observeContainer(this.#observed, status, moment()))
  }

  /** False: the listing may be older than what is known, and is not used. */
  observeListing(state: SandboxState | undefined, { changesBefore }: { changesBefore: number }): boolean {
    if (this.#work.isChanging || changesBefore !== this.#changes) return false
    this.#see(observeSandbox(this.#observed, state, moment()))
    return true
  }

  #see(observed: Observed): void {
    if (observed === this.#observed) return
    this.#observed = observed
    this.#changes++
    this.wake()
  }

  #takeWords(id: ContainerId, words: string): void {
    if (words !== '') this.#see(withLastWords(this.#observed, id, words))
    this.wake()
  }

  #tellOfListeners(unready: Unready | undefined): void {
    if (unready) this.#tell({ type: 'Warning', ...unready })
    this.wake()
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
    this.#recall(at)
    this.#logWords?.seek(this.#pod, this.#observed)
    if (this.#pod.metadata.deletionTimestamp !== undefined) this.#deletionSeenAt ??= at.now
    const ending = endingOf({
      ...at,
      pod: this.#pod,
      wanted: this.#wanted ?? true,
      nodeStops: this.#around.nodeStops(),
      deletionSeenAt: this.#deletionSeenAt,
      startTime: this.#status?.startTime,
    })
    this.#probe(at)
    this.#listeners?.follow(listeningOf(this.#pod, this.#observed))
    const decision = decide({
      pod: this.#pod,
      observed: this.#observed,
      probes: this.#verdicts,
      busy: this.#work.busy,
      failures: this.#work.failures,
      backoffs: this.#work.backoffs,
      kills: this.#work.kills,
      volumesAreStale: this.#volumesAreStale,
      ending,
      now: at.now,
    })
    this.#around.alarms.set(this.uid, decision.wakeAt === undefined ? undefined : decision.wakeAt - at.now, () =>
      this.wake(),
    )
    for (const event of waitingEvents(decision.waiting, { before: this.#waiting, podName: this.#pod.metadata.name }))
      this.#tell(event)
    this.#waiting = decision.waiting
    this.#updateStatus(at, { decision, failure: ending && ending.at <= at.now ? ending.failure : undefined })
    for (const action of decision.actions) {
      const isDone = action.kind === 'stopContainer' && this.#stopped.has(action.id)
      if (!isDone) void this.#begin(action, mirror)
    }
  }

  /** Once, when the runtime has told what it knows. */
  #recall(at: Moment): void {
    if (this.#hasRecalled) return
    this.#hasRecalled = true
    this.#observed = recallRuns(this.#observed, this.#pod, at)
  }

  // ---- Actions ----

  async #begin(action: PodAction, mirror: Mirror | undefined): Promise<void> {
    this.#changes++
    this.#work.begin(action, moment().now)
    if (action.kind === 'updateVolumes' || action.kind === 'createSandbox') this.#volumesAreStale = false
    try {
      this.#take(await this.#perform(action, mirror))
      this.#work.succeed(action)
      if (action.kind === 'release') this.#end()
    } catch (error) {
      const failure = { reason: reasonOf(action, error), message: textOf(error) }
      this.#work.fail(action, { ...failure, now: moment().now })
      if (action.kind === 'updateVolumes') this.#volumesAreStale = true
      this.#tell({ type: 'Warning', reason: eventReason(failure.reason), message: failure.message })
    }
    this.#changes++
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
    this.#work.pulled(container)
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
    if (this.#work.busy.get(container.name) === 'startContainer')
      return { started: false, ready: false, unhealthy: undefined }
    return this.#around.prober.verdicts(run.status.id) ?? { started: true, ready: true, unhealthy: undefined }
  }

  #probe(at: Moment): void {
    if (!this.#place) return
    const { runtime } = this.#place
    const { hostAddress } = this.#around.hands.network
    const about = { pod: this.#pod, observed: this.#observed, status: this.#status, busy: this.#work.busy }
    this.#around.prober.probe(this.uid, probeTargets({ ...about, runtime, hostAddress, at }))
  }

  // ---- Telling ----

  #updateStatus(at: Moment, { decision, failure }: { decision: Decision; failure: StatusFailure }): void {
    if (this.#logWords?.isReading) return
    const status = podStatus({
      pod: this.#pod,
      observed: this.#observed,
      probes: this.#verdicts,
      waiting: decision.waiting,
      previous: this.#status,
      failure,
      unready: this.#listeners?.unready,
      hostIP: this.#around.hands.network.hostAddress,
      idPrefix: `${this.#place?.runtime.name ?? 'none'}://`,
      time: toTime(at.wall),
    })
    if (equal(status, this.#status)) return
    this.#status = status
    const report = this.report()
    if (report && this.#wanted) this.#around.onReport(report)
  }

  tellOfProbe(failure: { kind: ProbeKind; message: string }): void {
    this.#tell(probeEvent(failure))
  }

  #tell(event: PodEvent): void {
    const { name, namespace = '' } = this.#pod.metadata
    this.#around.onEvent({ ref: { kind: 'Pod', key: `${namespace}/${name}` }, ...event })
  }
}

type StatusFailure = { readonly reason: string; readonly message: string } | undefined
