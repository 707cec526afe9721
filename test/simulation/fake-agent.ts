import type { EndpointSlice, KubeObject, Pod, PodStatus } from '../../engine/api/types.ts'
import { describeRef, refOf } from '../../engine/api/reference.ts'
import { toTime } from '../../engine/api/time.ts'
import {
  drainedCondition,
  type AssignmentDelta,
  type NodeReport,
  type PodReport,
} from '../../engine/protocol/session.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

/** What an agent may say in a session. */
export type Said =
  | { readonly kind: 'report'; readonly pods: readonly PodReport[] }
  | { readonly kind: 'acknowledged'; readonly resourceVersion: number }
  | { readonly kind: 'heartbeat' }

interface Running {
  readonly pod: Pod
  readonly ip: string
  ready: boolean
  readySince: number
  stopping: boolean
}

export interface AgentWorld {
  readonly schedule: Schedule
  readonly random: Random
  say(agent: FakeAgent, said: Said): void
  /** The agent is about to stop a pod because it was told to. */
  stopping(agent: FakeAgent, pod: Pod): void
}

/** A node and its agent: pods start, become ready, fail and stop in their own time; all of it outlives the agent. */
export class FakeAgent {
  readonly name: string
  readonly running = new Map<string, Running>()
  /** What the engine last told. */
  mirror = new Map<string, KubeObject>()
  /** When that was. */
  toldAt = 0
  alive = true
  readonly #world: AgentWorld
  #nextIp = 2
  readonly #index: number

  constructor(index: number, world: AgentWorld) {
    this.name = `node-${index}`
    this.#index = index
    this.#world = world
  }

  get report(): NodeReport {
    const amount = { cpu: '4', memory: '8Gi', pods: '30' }
    return {
      name: this.name,
      labels: { 'kubernetes.io/hostname': this.name },
      taints: [],
      status: { capacity: amount, allocatable: amount, runtimeHandlers: [{ name: 'docker' }] },
    }
  }

  receive(delta: AssignmentDelta): void {
    this.toldAt = this.#world.schedule.now
    if (delta.full) this.mirror = new Map()
    for (const object of delta.put) this.mirror.set(describeRef(refOf(object)), object)
    for (const ref of delta.delete) this.mirror.delete(describeRef(ref))
    this.#reconcile()
    if (delta.full) this.reportAll()
    const { resourceVersion } = delta
    this.#later(5, 40, () => this.#world.say(this, { kind: 'acknowledged', resourceVersion }))
  }

  /** Everything that runs, as an agent tells it at the start of a session. */
  reportAll(): void {
    const pods = [...this.running.values()].map(entry => this.#statusReport(entry))
    this.#world.say(this, { kind: 'report', pods })
  }

  /** The machine restarts: nothing runs any more. */
  reboot(): void {
    this.running.clear()
  }

  /** A pod's readiness changes by itself. */
  flip(): void {
    const entry = this.#world.random.pick([...this.running.values()].filter(({ stopping }) => !stopping))
    if (!entry || !startsAtAll(entry.pod)) return
    entry.ready = false
    this.#report(entry)
    this.#later(500, 8_000, () => this.#becomeReady(entry))
  }

  endpoints(): EndpointSlice[] {
    return [...this.mirror.values()].filter((object): object is EndpointSlice => refOf(object).kind === 'EndpointSlice')
  }

  #pods(): Pod[] {
    return [...this.mirror.values()].filter((object): object is Pod => refOf(object).kind === 'Pod')
  }

  #reconcile(): void {
    const assigned = new Map(this.#pods().map(pod => [pod.metadata.uid ?? '', pod]))
    for (const [uid, entry] of this.running) {
      const pod = assigned.get(uid)
      if (!pod) this.#stop(uid, entry)
      else if (isToldToStop(pod)) this.#stop(uid, entry)
    }
    for (const [uid, pod] of assigned) {
      if (this.running.has(uid)) continue
      if (pod.metadata.deletionTimestamp !== undefined) this.#gone(pod)
      else this.#start(uid, pod)
    }
  }

  #start(uid: string, pod: Pod): void {
    const ip = `10.244.${this.#index}.${this.#nextIp++}`
    const entry = { pod, ip, ready: false, readySince: 0, stopping: false }
    this.running.set(uid, entry)
    this.#report(entry)
    this.#later(200, 3_000, () => this.#becomeReady(entry))
  }

  #becomeReady(entry: Running): void {
    if (entry.ready || entry.stopping || !startsAtAll(entry.pod) || !this.#isRunning(entry)) return
    entry.ready = true
    entry.readySince = this.#world.schedule.now
    this.#report(entry)
  }

  #stop(uid: string, entry: Running): void {
    if (entry.stopping) return
    this.#world.stopping(this, entry.pod)
    entry.stopping = true
    this.#later(50, 4_000, () => {
      if (!this.#isRunning(entry)) return
      this.running.delete(uid)
      this.#gone(entry.pod)
    })
  }

  #gone({ metadata }: Pod): void {
    const { uid = '', namespace = '', name } = metadata
    this.#world.say(this, { kind: 'report', pods: [{ uid, namespace, name, gone: true }] })
  }

  #report(entry: Running): void {
    this.#world.say(this, { kind: 'report', pods: [this.#statusReport(entry)] })
  }

  #statusReport(entry: Running): PodReport {
    const { uid = '', namespace = '', name } = entry.pod.metadata
    return { uid, namespace, name, status: statusOf(entry) }
  }

  #isRunning(entry: Running): boolean {
    return this.running.get(entry.pod.metadata.uid ?? '') === entry
  }

  #later(from: number, to: number, run: () => void): void {
    this.#world.schedule.after(this.#world.random.between(from, to), run)
  }
}

function startsAtAll({ spec }: Pod): boolean {
  return spec.containers[0]?.image?.startsWith('good') === true
}

function isToldToStop(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp !== undefined &&
    pod.status?.conditions?.some(({ type, status }) => type === drainedCondition && status === 'True') === true
  )
}

function statusOf({ pod, ip, ready, readySince }: Running): PodStatus {
  const status = ready ? 'True' : 'False'
  const image = pod.spec.containers[0]?.image ?? ''
  const good = startsAtAll(pod)
  return {
    phase: good ? 'Running' : 'Pending',
    podIP: ip,
    conditions: [
      { type: 'Ready', status, lastTransitionTime: toTime(readySince) },
      { type: 'ContainersReady', status },
    ],
    containerStatuses: [
      {
        name: 'main',
        image,
        imageID: image,
        ready,
        restartCount: 0,
        state: good ? { running: { startedAt: toTime(readySince) } } : { waiting: { reason: 'ImagePullBackOff' } },
      },
    ],
  }
}
