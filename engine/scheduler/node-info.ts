import { fromTime } from '../api/time.ts'
import type { Node, Pod, Taint } from '../api/types.ts'
import { controllerOf } from '../cluster/objects/ownership.ts'
import { drainOf, hasJoined, hasReported, isNodeReady } from '../cluster/objects/node-state.ts'
import { isFinished } from '../cluster/objects/pod-state.ts'
import { requestsOf, resourcesOf } from './requests.ts'

/** How long an agent may take to look at its machine before pods say that they cannot go there. */
const firstReportMs = 10_000

/** A node as the scheduler sees it: what it offers and what is taken. */
export class NodeInfo {
  readonly node: Node
  readonly ready: boolean
  /** Until when a node that has just joined may take to say what it offers (env.now); 0 once it did. */
  readonly reportsBy: number
  /** Its pods are to go. */
  readonly draining: boolean
  /** Taints that keep pods away. */
  readonly barring: readonly Taint[]
  /** Taints that only make other nodes preferable. */
  readonly discouraging: readonly Taint[]
  readonly handlers: ReadonlySet<string>
  /** Any runtime but the one that runs a container's command as a process of the host. */
  readonly hasContainerRuntime: boolean
  readonly allocatable: ReadonlyMap<string, number>
  readonly mostPods: number
  readonly requested = new Map<string, number>()
  readonly hostPorts = new Map<string, number>()
  /** Pods by their controller's uid. */
  readonly owners = new Map<string, number>()
  pods = 0

  constructor(node: Node) {
    const taints = node.spec.taints ?? []
    this.node = node
    const reported = hasReported(node.status)
    this.ready = reported && isNodeReady(node)
    this.reportsBy = reported || !hasJoined(node) ? 0 : fromTime(node.metadata.creationTimestamp ?? '') + firstReportMs
    this.draining = drainOf(node) !== undefined
    this.barring = taints.filter(({ effect }) => effect !== 'PreferNoSchedule')
    this.discouraging = taints.filter(({ effect }) => effect === 'PreferNoSchedule')
    this.handlers = new Set((node.status?.runtimeHandlers ?? []).map(({ name }) => name))
    this.hasContainerRuntime = [...this.handlers].some(name => name !== 'process')
    this.allocatable = resourcesOf(node.status?.allocatable ?? node.status?.capacity)
    this.mostPods = this.allocatable.get('pods') ?? Number.POSITIVE_INFINITY
  }

  add(pod: Pod): void {
    this.#count(pod, 1)
  }

  remove(pod: Pod): void {
    this.#count(pod, -1)
  }

  #count(pod: Pod, by: 1 | -1): void {
    if (isFinished(pod)) return
    this.pods += by
    for (const [name, amount] of requestsOf(pod.spec)) bump(this.requested, name, amount * by)
    for (const port of hostPortsOf(pod)) bump(this.hostPorts, port, by)
    const owner = controllerOf(pod)
    if (owner) bump(this.owners, owner.uid, by)
  }
}

function bump(counts: Map<string, number>, name: string, by: number): void {
  const next = (counts.get(name) ?? 0) + by
  if (next === 0) counts.delete(name)
  else counts.set(name, next)
}

const noPorts: readonly string[] = []

/** `TCP/8080`: the node's ports that a pod takes for itself. */
export function hostPortsOf({ spec }: Pod): readonly string[] {
  const { containers } = spec
  if (!containers.some(({ ports }) => ports?.some(port => port.hostPort !== undefined || spec.hostNetwork === true))) {
    return noPorts
  }
  return containers.flatMap(({ ports = [] }) =>
    ports.flatMap(port => {
      const number = port.hostPort ?? (spec.hostNetwork === true ? port.containerPort : undefined)
      return number === undefined || number === 0 ? [] : [`${port.protocol}/${number}`]
    }),
  )
}
