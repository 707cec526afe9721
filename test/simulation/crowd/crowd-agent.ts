import { describeRef, type Key, refOf } from '../../../engine/api/reference.ts'
import type { KubeObject, NodeName, Pod, PodStatus } from '../../../engine/api/types.ts'
import type { Event } from '../../../engine/core/event.ts'
import type { AssignmentDelta, NodeReport, PodReport } from '../../../engine/protocol/session.ts'
import { goneReport, isDrained, isToldToStop, statusOf, statusReport } from '../fake-pod.ts'
import { unknownNode } from '../machines.ts'

/** What each node offers. */
export const offer = { cpu: '16', memory: '64Gi', pods: '110' }

interface Running {
  readonly pod: Pod
  readonly status: PodStatus
}

/** A node and its agent, for thousands of them: pods start and stop as soon as they are told to, and nothing fails by itself. */
export class CrowdAgent {
  readonly name: NodeName
  readonly podCIDR: string
  readonly running = new Map<Key, Running>()
  /** All that it was told, where anybody is to look at that: 5,000 whole mirrors would fill the machine. */
  readonly mirror: Map<string, KubeObject> | undefined
  /** What it says arrives, and what it is told. */
  isConnected = false
  readonly #index: number
  #addresses = 1
  /** It was part of the cluster before, and has looked at its machine since. */
  #isKnown = false

  constructor(index: number, { isWatched }: { readonly isWatched: boolean }) {
    this.#index = index
    this.name = `node-${String(index).padStart(4, '0')}`
    this.podCIDR = `10.${index >> 8}.${index & 255}.0/24`
    this.mirror = isWatched ? new Map() : undefined
  }

  hello(): NodeReport {
    return this.#isKnown ? this.#described() : unknownNode(this.name)
  }

  #described(): NodeReport {
    const address = `172.16.${this.#index >> 8}.${this.#index & 255}`
    return {
      name: this.name,
      labels: { 'kubernetes.io/hostname': this.name, 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' },
      taints: [],
      status: {
        capacity: offer,
        allocatable: offer,
        addresses: [{ type: 'InternalIP', address }],
        runtimeHandlers: [{ name: 'docker' }],
      },
    }
  }

  /** What it says when its session begins. */
  welcomed(): Event[] {
    const pods = [...this.running.values()].map(({ pod, status }) => statusReport(pod, status))
    this.#isKnown = true
    return [
      { kind: 'node', node: this.#described() },
      { kind: 'report', node: this.name, pods },
    ]
  }

  /** Does what it is told, and answers. */
  receive(delta: AssignmentDelta, now: number): Event[] {
    this.#reflect(delta)
    const pods = delta.put.filter((object): object is Pod => object.kind === 'Pod')
    const left = delta.full ? new Set(this.running.keys()) : new Set<Key>()
    for (const { kind, key } of delta.delete) if (kind === 'Pod') left.add(key)
    for (const pod of pods) left.delete(refOf(pod).key)
    const reports = [...[...left].flatMap(key => this.#stop(key)), ...pods.flatMap(pod => this.#follow(pod, now))]
    return [
      ...(reports.length === 0 ? [] : [{ kind: 'report', node: this.name, pods: reports } as const]),
      { kind: 'acknowledged', node: this.name, resourceVersion: delta.resourceVersion },
    ]
  }

  /** A container of the pod ends, and is to be started again. */
  crash(key: Key, now: number): Event {
    return this.#turn(key, { ready: false, now })
  }

  recover(key: Key, now: number): Event {
    return this.#turn(key, { ready: true, now })
  }

  #turn(key: Key, { ready, now }: { ready: boolean; now: number }): Event {
    const entry = this.running.get(key)
    if (!entry) throw new Error(`${this.name} does not run ${key}`)
    const status = statusOf({ ...entry, ip: entry.status.podIP ?? '', ready, changedAt: now, stopping: false })
    this.running.set(key, { ...entry, status })
    return { kind: 'report', node: this.name, pods: [statusReport(entry.pod, status)] }
  }

  #reflect({ full, put, delete: gone }: AssignmentDelta): void {
    if (full) this.mirror?.clear()
    for (const object of this.mirror ? put : []) this.mirror?.set(describeRef(refOf(object)), object)
    for (const ref of gone) this.mirror?.delete(describeRef(ref))
  }

  #follow(pod: Pod, now: number): PodReport[] {
    const { key } = refOf(pod)
    const known = this.running.get(key)
    if (isToldToStop(pod)) {
      if (known?.pod.metadata.uid === pod.metadata.uid && !isDrained(pod)) return []
      this.running.delete(key)
      return [goneReport(pod)]
    }
    if (known?.pod.metadata.uid === pod.metadata.uid) return []
    const ip = `${this.podCIDR.slice(0, -4)}${(this.#addresses++ % 250) + 2}`
    const status = statusOf({ pod, ip, ready: true, changedAt: now, stopping: false })
    this.running.set(key, { pod, status })
    return [statusReport(pod, status)]
  }

  #stop(key: Key): PodReport[] {
    const known = this.running.get(key)
    this.running.delete(key)
    return known ? [goneReport(known.pod)] : []
  }
}
