import type { Cluster } from '../cluster/cluster.ts'
import type { Observer } from '../cluster/observer.ts'
import type { ObjectChange } from '../cluster/view.ts'
import type { Node, NodeName, Pod } from '../api/types.ts'
import { NodeInfo } from './node-info.ts'

/** Every node with what is taken of it, kept up to date change by change; nodes in the order of their names. */
export class NodeInfos implements Observer {
  readonly #cluster: Cluster
  readonly #infos = new Map<NodeName, NodeInfo>()
  #list: readonly NodeInfo[] | undefined
  /** Where the search for a node starts: each pod goes on where the last one stopped, so that load spreads. */
  #next = 0

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    for (const node of cluster.list('Node')) this.#addNode(node)
  }

  list(): readonly NodeInfo[] {
    this.#list ??= [...this.#infos.values()].sort((a, b) => (a.node.metadata.name < b.node.metadata.name ? -1 : 1))
    return this.#list
  }

  get(node: NodeName): NodeInfo | undefined {
    return this.#infos.get(node)
  }

  /** Nodes from where the last search stopped, all the way round. */
  get start(): number {
    return this.#next
  }

  advance(by: number): void {
    this.#next = this.#infos.size === 0 ? 0 : (this.#next + by) % this.#infos.size
  }

  changed({ ref, before, after }: ObjectChange): void {
    if (ref.kind === 'Pod') {
      this.#movePod(before as Pod | undefined, after as Pod | undefined)
    } else if (ref.kind === 'Node') {
      this.#list = undefined
      if (after === undefined) this.#infos.delete(ref.key)
      else this.#addNode(after as Node)
    }
  }

  #addNode(node: Node): void {
    const info = new NodeInfo(node)
    for (const pod of this.#cluster.podsOn(node.metadata.name)) info.add(pod)
    this.#infos.set(node.metadata.name, info)
  }

  #movePod(before: Pod | undefined, after: Pod | undefined): void {
    if (before?.spec.nodeName !== undefined) this.#infos.get(before.spec.nodeName)?.remove(before)
    if (after?.spec.nodeName !== undefined) this.#infos.get(after.spec.nodeName)?.add(after)
  }
}
