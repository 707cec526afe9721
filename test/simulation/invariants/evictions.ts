import type { NodeName, Pod } from '../../../engine/api/types.ts'
import { isNodeReady } from '../../../engine/cluster/objects/node-state.ts'
import type { Step } from '../engine-process.ts'
import type { NodeWish } from '../node-wishes.ts'
import { check } from './violation.ts'

/** Beyond this share of lost nodes it is more likely the engine that is cut off: Kubernetes's controller says 55 %. */
const mostNodes = 0.55

/** While most nodes are lost, nobody's pods are given up, but for those of a node that people take out of service. */
export function checkEvictions({ cluster, record }: Step, wishOf: (node: NodeName) => NodeWish | undefined): void {
  for (const { ref, before, after } of record) {
    if (ref.kind !== 'Pod' || !after || isGivenUp(before as Pod | undefined) || !isGivenUp(after as Pod)) continue
    const node = cluster.get('Node', (after as Pod).spec.nodeName ?? '')
    if (!node || isNodeReady(node) || wishOf(node.metadata.name) === 'out of service') continue
    const nodes = cluster.list('Node').filter(({ status }) => status?.allocatable !== undefined)
    // Those that fall silent in this very step are judged one after the other.
    const turned = new Set(record.flatMap(change => (change.ref.kind === 'Node' ? change.ref.key : [])))
    const lost = nodes.filter(each => !isNodeReady(each) && !turned.has(each.metadata.name)).length
    check(
      lost <= nodes.length * mostNodes,
      () => `${ref.key} is given up while ${lost} of ${nodes.length} nodes are lost`,
    )
  }
}

function isGivenUp(pod: Pod | undefined): boolean {
  return pod?.status?.conditions?.some(({ reason }) => reason === 'DeletionByTaintManager') === true
}
