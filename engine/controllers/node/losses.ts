import type { Node, NodeName } from '../../api/types.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { hasJoined, isNodeReady } from '../../cluster/objects/node-state.ts'
import type { Observer } from '../../cluster/observer.ts'
import type { ObjectChange } from '../../cluster/view.ts'
import { givenUpAt } from './readiness.ts'

/** Beyond this share of lost nodes Kubernetes's controller evicts nothing any more. */
const mostNodes = 0.55

/** How many nodes are lost, and which of them are being given up: counted change by change, since each of thousands asks. */
export class Losses implements Observer {
  readonly #givenUp = new Map<NodeName, number>()
  /** Nodes that the branch names and that never joined are not lost. */
  #joined = 0
  #lost = 0

  constructor(cluster: Cluster) {
    for (const node of cluster.list('Node')) this.#follow(node.metadata.name, { before: undefined, after: node })
  }

  changed({ ref, before, after }: ObjectChange): void {
    if (ref.kind !== 'Node') return
    this.#follow(ref.key, { before: before as Node | undefined, after: after as Node | undefined })
  }

  /** Whether most nodes are lost, with so many more that are not counted yet. */
  areMost(more = 0): boolean {
    return this.#lost + more > this.#joined * mostNodes
  }

  /** Nodes whose pods are being given up, since when (milliseconds since 1970). */
  get givenUp(): ReadonlyMap<NodeName, number> {
    return this.#givenUp
  }

  #follow(name: NodeName, { before, after }: { before: Node | undefined; after: Node | undefined }): void {
    this.#joined += count(after && hasJoined(after)) - count(before && hasJoined(before))
    this.#lost += count(after && isLost(after)) - count(before && isLost(before))
    const at = after && givenUpAt(after)
    if (at === undefined) this.#givenUp.delete(name)
    else this.#givenUp.set(name, at)
  }
}

function isLost(node: Node): boolean {
  return hasJoined(node) && !isNodeReady(node)
}

function count(is: boolean | undefined): number {
  return is === true ? 1 : 0
}
