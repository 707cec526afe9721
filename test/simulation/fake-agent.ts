import type { EndpointSlice, KubeObject, Pod, PodStatus, Uid } from '../../engine/api/types.ts'
import { describeRef, refOf } from '../../engine/api/reference.ts'
import type { AssignmentDelta, NodeReport, PodReport } from '../../engine/protocol/session.ts'
import {
  endedStatus,
  goneReport,
  isDrained,
  isToldToStop,
  type RunningPod,
  startsAtAll,
  statusOf,
  statusReport,
} from './fake-pod.ts'
import { FakeProxy } from './fake-proxy.ts'
import { type Machine, nodeReport, unknownNode } from './machines.ts'
import type { World } from './world.ts'

/** What an agent may say in a session. */
export type Said =
  | { readonly kind: 'node'; readonly node: NodeReport }
  | { readonly kind: 'report'; readonly pods: readonly PodReport[] }
  | { readonly kind: 'acknowledged'; readonly resourceVersion: number }
  | { readonly kind: 'heartbeat' }

export interface AgentSurroundings {
  readonly world: World
  /** Dropped where there is no session. */
  say(agent: FakeAgent, said: Said): void
  /** The agent is about to stop a pod, because the engine told it to. */
  stopping(agent: FakeAgent, pod: Pod): void
}

/** How long a deleted pod waits for the engine's word that it is drained: agent/pods/stop.ts. */
const drainPatienceMs = 4_000

/**
 * A node and its agent. Pods start, become ready, fail and stop in their own time, and outlive the agent, as does the
 * proxy; what the engine told is on disk. It does as agent/ does: a fault is one only where the real agent has it too.
 */
export class FakeAgent {
  readonly name: string
  readonly running = new Map<Uid, RunningPod>()
  /** What of a pod's end the agent keeps until the pod is to go. */
  readonly ended = new Map<Uid, { readonly pod: Pod; readonly status: PodStatus }>()
  readonly proxy: FakeProxy
  machine: Machine
  /** What the engine last told. */
  mirror = new Map<string, KubeObject>()
  /** When that was; undefined where it never did. */
  toldAt: number | undefined
  alive = true
  /** Its proxy serves what it was told in this session, not in an earlier one. */
  isUpToDate = false
  /** When the session began. */
  helloAt = 0
  /** Counts starts of the agent: what an earlier one had planned is void. */
  life = 0
  readonly #around: AgentSurroundings
  readonly #index: number
  /** Pods of which nothing is left, as long as the engine asks for them. */
  readonly #released = new Set<Uid>()
  readonly #deletionSeenAt = new Map<Uid, number>()
  /** The resourceVersion of what it was told at the begin of the session. */
  #fullVersion = Number.POSITIVE_INFINITY
  #nextIp = 2

  constructor(index: number, { machine, around }: { readonly machine: Machine; readonly around: AgentSurroundings }) {
    this.name = `node-${index}`
    this.machine = machine
    this.#index = index
    this.#around = around
    this.proxy = new FakeProxy(around.world, resourceVersion => {
      if (resourceVersion >= this.#fullVersion) this.isUpToDate = true
      this.#around.say(this, { kind: 'acknowledged', resourceVersion })
    })
  }

  // ---- the agent's life ----

  start(): void {
    if (this.alive) return
    this.alive = true
    if (this.toldAt === undefined) return
    this.#show(0)
    this.#reconcile()
  }

  kill(): void {
    this.alive = false
    this.life += 1
    this.#released.clear()
    this.#deletionSeenAt.clear()
  }

  /** The machine restarts: nothing runs any more. */
  reboot(): void {
    for (const [uid, entry] of this.running) {
      if (entry.pod.spec.restartPolicy === 'Never' && !entry.stopping) this.#end(entry, 'Failed')
      this.running.delete(uid)
    }
    this.proxy.serve([])
  }

  /** The machine is set up anew, under its old name. */
  wipe(): void {
    this.reboot()
    this.ended.clear()
    this.mirror = new Map()
    this.toldAt = undefined
  }

  // ---- the session ----

  /** Begins a session: an agent that knows its cluster has looked at its machine before. */
  hello(): NodeReport {
    this.isUpToDate = false
    this.helloAt = this.#around.world.now
    this.#fullVersion = Number.POSITIVE_INFINITY
    return this.toldAt === undefined ? unknownNode(this.name) : nodeReport(this.name, this.machine)
  }

  welcomed(): void {
    this.#around.say(this, { kind: 'node', node: nodeReport(this.name, this.machine) })
    this.#around.say(this, { kind: 'report', pods: this.reports() })
  }

  receive(delta: AssignmentDelta): void {
    this.toldAt = this.#around.world.now
    if (delta.full) {
      this.mirror = new Map()
      this.#fullVersion = delta.resourceVersion
    }
    for (const object of delta.put) this.mirror.set(describeRef(refOf(object)), object)
    for (const ref of delta.delete) this.mirror.delete(describeRef(ref))
    this.#show(delta.resourceVersion)
    this.#reconcile()
  }

  /** All that there is to report. */
  reports(): PodReport[] {
    const released = this.#pods().filter(({ metadata }) => this.#released.has(metadata.uid ?? ''))
    return [
      ...[...this.running.values()].map(entry => statusReport(entry.pod, statusOf(entry))),
      ...[...this.ended.values()].map(({ pod, status }) => statusReport(pod, status)),
      ...released.map(goneReport),
    ]
  }

  // ---- what goes wrong by itself ----

  /** A pod's readiness changes. */
  flip(): void {
    const entry = this.#anyRunning()
    if (!entry || !startsAtAll(entry.pod)) return
    this.#setReady(entry, false)
    this.#later(500, 8_000, () => this.#becomeReady(entry))
  }

  /** A pod ends for good, as one does that ran longer than it may; one that nothing replaces is spared. */
  fail(): void {
    const entry = this.#anyRunning()
    if (entry?.pod.metadata.ownerReferences) this.#end(entry, 'Failed')
  }

  // ---- pods ----

  #pods(): Pod[] {
    return [...this.mirror.values()].filter((object): object is Pod => refOf(object).kind === 'Pod')
  }

  #show(resourceVersion: number): void {
    const { life } = this
    this.proxy.show(() => {
      if (this.life !== life) return undefined
      const slices = [...this.mirror.values()].filter(
        (object): object is EndpointSlice => refOf(object).kind === 'EndpointSlice',
      )
      return { slices, resourceVersion }
    })
  }

  #reconcile(): void {
    const assigned = new Map(this.#pods().map(pod => [pod.metadata.uid ?? '', pod]))
    for (const uid of this.#released) if (!assigned.has(uid)) this.#released.delete(uid)
    for (const [uid, entry] of this.running) this.#follow(entry, assigned.get(uid))
    for (const [uid, { pod }] of this.ended) {
      const wanted = assigned.get(uid)
      if (!wanted || isToldToStop(wanted)) this.#release(pod)
    }
    for (const [uid, pod] of assigned) {
      if (this.running.has(uid) || this.ended.has(uid) || this.#released.has(uid)) continue
      if (isToldToStop(pod)) this.#release(pod)
      else this.#begin(pod)
    }
  }

  /** Starts a pod of which nothing is here, unless the engine was told that it has run: it would not by itself again. */
  #begin(pod: Pod): void {
    const { phase } = pod.status ?? {}
    const entry = this.#newEntry(pod)
    if (phase === 'Succeeded' || phase === 'Failed') this.#keepEnd(entry, phase)
    else if (phase === 'Running' && pod.spec.restartPolicy === 'Never') this.#keepEnd(entry, 'Failed')
    else this.#start(entry)
  }

  /** What becomes of a pod that runs, by the engine's word of it. */
  #follow(entry: RunningPod, wanted: Pod | undefined): void {
    if (!wanted || (isToldToStop(wanted) && isDrained(wanted))) {
      this.#stop(entry)
      return
    }
    const uid = wanted.metadata.uid ?? ''
    if (!isToldToStop(wanted) || this.#deletionSeenAt.has(uid)) return
    this.#deletionSeenAt.set(uid, this.#around.world.now)
    const { life } = this
    // The engine may be away: its word is awaited for a while only.
    this.#around.world.schedule.after(drainPatienceMs, () => {
      if (this.alive && this.life === life && this.#isRunning(entry)) this.#stop(entry)
    })
  }

  #newEntry(pod: Pod): RunningPod {
    const ip = `10.244.${this.#index}.${this.#nextIp++}`
    return { pod, ip, ready: false, changedAt: this.#around.world.now, stopping: false }
  }

  #start(entry: RunningPod): void {
    this.running.set(entry.pod.metadata.uid ?? '', entry)
    this.#report(entry)
    this.#later(200, 3_000, () => this.#becomeReady(entry))
  }

  #becomeReady(entry: RunningPod): void {
    if (entry.ready || entry.stopping || !startsAtAll(entry.pod) || !this.#isRunning(entry)) return
    this.#setReady(entry, true)
    if (entry.pod.spec.restartPolicy === 'Never') this.#later(2_000, 12_000, () => this.#end(entry, 'Succeeded'))
  }

  #setReady(entry: RunningPod, ready: boolean): void {
    if (entry.ready === ready) return
    entry.ready = ready
    entry.changedAt = this.#around.world.now
    this.#report(entry)
  }

  #end(entry: RunningPod, phase: 'Succeeded' | 'Failed'): void {
    if (!this.#isRunning(entry) || entry.stopping) return
    this.running.delete(entry.pod.metadata.uid ?? '')
    this.#keepEnd(entry, phase)
  }

  /** What has ended stays to be looked at. */
  #keepEnd(entry: RunningPod, phase: 'Succeeded' | 'Failed'): void {
    const { pod } = entry
    const status = endedStatus(entry, { phase, now: this.#around.world.now })
    this.ended.set(pod.metadata.uid ?? '', { pod, status })
    this.#tell(pod, statusReport(pod, status))
  }

  #stop(entry: RunningPod): void {
    if (entry.stopping) return
    this.#around.stopping(this, entry.pod)
    entry.stopping = true
    this.#later(50, 4_000, () => {
      if (this.#isRunning(entry)) this.#release(entry.pod)
    })
  }

  /** Nothing of the pod is left. */
  #release(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    this.running.delete(uid)
    this.ended.delete(uid)
    if (!this.alive) return
    this.#deletionSeenAt.delete(uid)
    this.#released.add(uid)
    this.#around.say(this, { kind: 'report', pods: [goneReport(pod)] })
  }

  #report(entry: RunningPod): void {
    this.#tell(entry.pod, statusReport(entry.pod, statusOf(entry)))
  }

  /** Nobody is told how a pod fares that nobody asks for. */
  #tell(pod: Pod, report: PodReport): void {
    const wanted = this.mirror.get(describeRef(refOf(pod)))
    if (wanted?.metadata.uid === pod.metadata.uid) this.#around.say(this, { kind: 'report', pods: [report] })
  }

  #anyRunning(): RunningPod | undefined {
    return this.#around.world.random.pick([...this.running.values()].filter(({ stopping }) => !stopping))
  }

  #isRunning(entry: RunningPod): boolean {
    return this.running.get(entry.pod.metadata.uid ?? '') === entry
  }

  #later(from: number, to: number, run: () => void): void {
    this.#around.world.soon(from, to, run)
  }
}
