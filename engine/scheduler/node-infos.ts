import type { Cluster } from '../cluster/cluster.ts'
import type { Observer } from '../cluster/observer.ts'
import type { ObjectChange } from '../cluster/view.ts'
import type { Node, NodeName, Pod } from '../api/types.ts'
import { NodeInfo } from './node-info.ts'

/** Every node with what is taken of it, kept up to date change by change; nodes in the order of their names. */
export class NodeInfos implements Observer {
  readonly #cluster: Cluster
  readonly #infos = new Map<NodeName, NodeInfo>()
  /** Sorted: nodes change one by one, so that it costs less to keep the order than to make it. */
  readonly #list: NodeInfo[] = []
  /** Where the search for a node starts: each pod goes on where the last one stopped, so that load spreads. */
  #next = 0

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    for (const node of cluster.list('Node')) this.#addNode(node)
  }

  list(): readonly NodeInfo[] {
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
      if (after === undefined) this.#removeNode(ref.key)
      else this.#addNode(after as Node)
    }
  }

  #addNode(node: Node): void {
    const info = new NodeInfo(node)
    const { name } = node.metadata
    for (const pod of this.#cluster.podsOn(name)) info.add(pod)
    this.#list.splice(this.#placeOf(name), this.#infos.has(name) ? 1 : 0, info)
    this.#infos.set(name, info)
  }

  #removeNode(name: NodeName): void {
    if (this.#infos.delete(name)) this.#list.splice(this.#placeOf(name), 1)
  }

  #movePod(before: Pod | undefined, after: Pod | undefined): void {
    if (before?.spec.nodeName !== undefined) this.#infos.get(before.spec.nodeName)?.remove(before)
    if (after?.spec.nodeName !== undefined) this.#infos.get(after.spec.nodeName)?.add(after)
  }

  #placeOf(name: NodeName): number {
    let [from, to] = [0, this.#list.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#list[middle]?.node.metadata.name ?? '') < name) from = middle + 1
      else to = middle
    }
    return from
  }
}
