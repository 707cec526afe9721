import { clusterKind, type ClusterObject } from '../api/cluster-object.ts'
import { describeRef, type Ref, refOf } from '../api/reference.ts'
import { equal } from '../api/stable.ts'
import type { KubeObject, Node, NodeName, Pod } from '../api/types.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { configRefs } from '../cluster/config-refs.ts'
import type { Observer } from '../cluster/observer.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { conditionOf } from '../cluster/objects/conditions.ts'
import { drainedCondition } from '../protocol/session.ts'
import type { AssignmentDelta } from '../protocol/session.ts'
import { clusterNetwork, isNewsToNodes, isNewsToPeers, peerNode } from './peers.ts'
import { SharedNews } from './shared-news.ts'

/** Objects by what they are called. */
type Refs = Map<string, Ref>

/** What of one node's view changed since it was last told, and what the node may see of ConfigMaps and Secrets. */
class NodeMirror {
  readonly dirty: Refs = new Map()
  readonly configs = new Map<string, { readonly ref: Ref; pods: number }>()
  full = false
}

/**
 * Follows what each agent may see: its own Node, of the others how to reach their pods, of the Cluster its network, the Pods bound to it, the
 * ConfigMaps and Secrets of those, and every Service and EndpointSlice.
 */
export class Mirrors implements Observer {
  readonly #cluster: Cluster
  readonly #nodes = new Map<NodeName, NodeMirror>()
  /** Nodes that something changed for alone. */
  readonly #touched = new Set<NodeName>()
  /** What changed for every node. */
  readonly #shared = new SharedNews()
  /** Whether the nodes are to hear of that now. */
  #due = false

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    for (const pod of cluster.list('Pod')) this.#followConfigs(undefined, pod)
  }

  changed(change: ObjectChange): void {
    const { ref, before, after } = change
    switch (ref.kind) {
      case 'Service':
      case 'EndpointSlice':
        this.#shared.add(change)
        return
      case 'Node':
        this.#mark(ref.key, ref)
        if (isNewsToPeers(before as Node | undefined, after as Node | undefined)) this.#shared.add(change)
        return
      case clusterKind:
        if (isNewsToNodes(before as ClusterObject | undefined, after as ClusterObject | undefined))
          this.#shared.add(change)
        return
      case 'ConfigMap':
      case 'Secret':
        for (const node of this.#readers(ref)) this.#mark(node, ref)
        return
      case 'Pod':
        this.#followPod(ref, before as Pod | undefined, after as Pod | undefined)
    }
  }

  /** The node's agent begins anew: it is to be told everything. */
  begin(node: NodeName): void {
    this.#of(node).full = true
    this.#touched.add(node)
  }

  /** Whether there is anything to tell now; and if not all of it, when the rest is. */
  look(now: number): { readonly news: boolean; readonly wakeAt: number | undefined } {
    const { due, wakeAt } = this.#shared.look(now)
    this.#due = due
    return { news: due || this.#touched.size > 0, wakeAt }
  }

  /**
   * What to tell the agents that are connected; what the others missed they hear when they join. Those that are told the
   * same share one delta.
   */
  take(): ReadonlyMap<NodeName, AssignmentDelta> {
    const { sessions } = this.#cluster
    const connected = this.#due ? sessions.connected() : []
    const shared: ReadonlyMap<string, Ref> = this.#due ? this.#shared.take(connected.length) : new Map()
    this.#due = false
    const deltas = new Map<NodeName, AssignmentDelta>()
    let common: AssignmentDelta | undefined
    for (const node of shared.size > 0 ? connected : this.#touched) {
      if (!sessions.isConnected(node)) continue
      const { dirty, full } = this.#of(node)
      const isCommon = !full && dirty.size === 0 && !shared.has(describeRef({ kind: 'Node', key: node }))
      const delta = (isCommon ? common : undefined) ?? this.#take(node, shared)
      if (isCommon) common = delta
      deltas.set(node, delta)
    }
    for (const node of this.#touched) this.#of(node).dirty.clear()
    this.#touched.clear()
    return deltas
  }

  #take(node: NodeName, shared: ReadonlyMap<string, Ref>): AssignmentDelta {
    const mirror = this.#of(node)
    if (!mirror.full) return this.#delta(node, { mirror, refs: new Map([...mirror.dirty, ...shared]) })
    mirror.full = false
    return this.#everything(node, mirror)
  }

  #everything(node: NodeName, { configs }: NodeMirror): AssignmentDelta {
    const cluster = this.#cluster
    const put: KubeObject[] = [
      ...cluster.list(clusterKind).map(object => clusterNetwork(object as ClusterObject)),
      ...cluster.list('Node').flatMap(other => nodeFor(node, other) ?? []),
      ...[...configs.values()].flatMap(({ ref }) => cluster.get(ref.kind, ref.key) ?? []),
      ...cluster.podsOn(node),
      ...cluster.list('Service'),
      ...cluster.list('EndpointSlice'),
    ]
    return { full: true, resourceVersion: cluster.resourceVersion, put, delete: [] }
  }

  #delta(
    node: NodeName,
    { mirror, refs }: { readonly mirror: NodeMirror; readonly refs: ReadonlyMap<string, Ref> },
  ): AssignmentDelta {
    const put: KubeObject[] = []
    const gone: Ref[] = []
    for (const [id, ref] of refs) {
      const object = this.#cluster.get(ref.kind, ref.key)
      const seen = object && visible(object, { id, node, mirror })
      if (seen) put.push(seen)
      else gone.push(ref)
    }
    return { full: false, resourceVersion: this.#cluster.resourceVersion, put, delete: gone }
  }

  #followPod(ref: Ref, before: Pod | undefined, after: Pod | undefined): void {
    if (before?.spec !== after?.spec) this.#followConfigs(before, after)
    if (before && after && !isNews(before, after)) return
    for (const pod of [before, after]) if (pod?.spec.nodeName !== undefined) this.#mark(pod.spec.nodeName, ref)
  }

  #followConfigs(before: Pod | undefined, after: Pod | undefined): void {
    // Counted up before it is counted down: what stays is not taken away for a moment.
    if (after) this.#countConfigs(after, 1)
    if (before) this.#countConfigs(before, -1)
  }

  #countConfigs({ spec, metadata }: Pod, by: 1 | -1): void {
    if (spec.nodeName === undefined) return
    const { nodeName } = spec
    const { configs } = this.#of(nodeName)
    for (const ref of configRefs(spec, metadata.namespace ?? '')) {
      const id = describeRef(ref)
      const entry = configs.get(id) ?? { ref, pods: 0 }
      entry.pods += by
      if (entry.pods === 0) configs.delete(id)
      else configs.set(id, entry)
      if (entry.pods === 0 || (entry.pods === 1 && by === 1)) this.#mark(nodeName, ref)
    }
  }

  #readers(ref: Ref): Set<NodeName> {
    const pods = this.#cluster.usersOf(ref).filter((user): user is Pod => refOf(user).kind === 'Pod')
    return new Set(pods.flatMap(pod => pod.spec.nodeName ?? []))
  }

  #mark(node: NodeName, ref: Ref): void {
    this.#of(node).dirty.set(describeRef(ref), ref)
    this.#touched.add(node)
  }

  #of(node: NodeName): NodeMirror {
    const known = this.#nodes.get(node)
    if (known) return known
    const mirror = new NodeMirror()
    this.#nodes.set(node, mirror)
    return mirror
  }
}

/**
 * What a node may see of an object. A pod's name may be another node's pod by now, and a Secret may be none of this
 * node's business any more.
 */
function visible(
  object: KubeObject,
  { id, node, mirror }: { id: string; node: NodeName; mirror: NodeMirror },
): KubeObject | undefined {
  switch (refOf(object).kind) {
    case 'Pod':
      return (object as Pod).spec.nodeName === node ? object : undefined
    case 'ConfigMap':
    case 'Secret':
      return mirror.configs.has(id) ? object : undefined
    case clusterKind:
      return clusterNetwork(object as ClusterObject)
    case 'Node':
      return nodeFor(node, object as Node)
    default:
      return object
  }
}

function nodeFor(node: NodeName, other: Node): Node | undefined {
  return other.metadata.name === node ? other : peerNode(other)
}

/** An agent wrote a pod's status itself: of it only what the engine adds is news. */
function isNews(before: Pod, after: Pod): boolean {
  const { resourceVersion: _, ...was } = before.metadata
  const { resourceVersion: __, ...is } = after.metadata
  return !equal([was, before.spec, drainedOf(before)], [is, after.spec, drainedOf(after)])
}

function drainedOf({ status }: Pod) {
  return conditionOf(status?.conditions, drainedCondition)?.status
}
