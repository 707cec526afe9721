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
import { isNewsToNodes, isNewsToPeers, ofOthers, seenByAll } from './peers.ts'
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
   * What to tell the agents that are connected; what the others missed they hear when they join. What all are told is put
   * together once, and those that are told nothing else share one delta.
   */
  take(): ReadonlyMap<NodeName, AssignmentDelta> {
    const { sessions } = this.#cluster
    const connected = this.#due ? sessions.connected() : []
    const shared: ReadonlyMap<string, Ref> = this.#due ? this.#shared.take(connected.length) : new Map()
    this.#due = false
    const common = this.#delta(shared, seenByAll)
    let all: readonly KubeObject[] | undefined
    const deltas = new Map<NodeName, AssignmentDelta>()
    for (const node of shared.size > 0 ? connected : this.#touched) {
      if (!sessions.isConnected(node)) continue
      const mirror = this.#of(node)
      const delta = mirror.full
        ? this.#everything(node, (all ??= this.#all()))
        : this.#news(node, { common, isShared: shared.has(nodeId(node)) })
      mirror.full = false
      deltas.set(node, delta)
    }
    for (const node of this.#touched) this.#of(node).dirty.clear()
    this.#touched.clear()
    return deltas
  }

  /** What every node sees, but for its own Node. */
  #all(): readonly KubeObject[] {
    const cluster = this.#cluster
    const kinds = [clusterKind, 'Node', 'Service', 'EndpointSlice']
    return kinds.flatMap(kind => cluster.list(kind).flatMap(object => seenByAll(object) ?? []))
  }

  #everything(node: NodeName, all: readonly KubeObject[]): AssignmentDelta {
    const cluster = this.#cluster
    const put: KubeObject[] = [
      ...ofOthers(all, node),
      ...(cluster.get('Node', node) ? [cluster.get('Node', node) as Node] : []),
      ...[...this.#of(node).configs.values()].flatMap(({ ref }) => cluster.get(ref.kind, ref.key) ?? []),
      ...cluster.podsOn(node),
    ]
    return { full: true, resourceVersion: cluster.resourceVersion, put, delete: [] }
  }

  /** What changed for the node alone, and what changed for all. */
  #news(
    node: NodeName,
    { common, isShared }: { readonly common: AssignmentDelta; readonly isShared: boolean },
  ): AssignmentDelta {
    const mirror = this.#of(node)
    if (!isShared && mirror.dirty.size === 0) return common
    const refs = isShared ? new Map([...mirror.dirty, [nodeId(node), { kind: 'Node', key: node }]]) : mirror.dirty
    const own = this.#delta(refs, (object, id) => visible(object, { id, node, mirror }))
    const put = isShared ? ofOthers(common.put, node) : common.put
    const gone = isShared ? common.delete.filter(({ kind, key }) => kind !== 'Node' || key !== node) : common.delete
    return { ...own, put: [...own.put, ...put], delete: [...own.delete, ...gone] }
  }

  #delta(
    refs: ReadonlyMap<string, Ref>,
    seen: (object: KubeObject, id: string) => KubeObject | undefined,
  ): AssignmentDelta {
    const put: KubeObject[] = []
    const gone: Ref[] = []
    for (const [id, ref] of refs) {
      const object = this.#cluster.get(ref.kind, ref.key)
      const what = object && seen(object, id)
      if (what) put.push(what)
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
    case 'Node':
      return object.metadata.name === node ? object : seenByAll(object)
    default:
      return seenByAll(object)
  }
}

function nodeId(node: NodeName): string {
  return describeRef({ kind: 'Node', key: node })
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
