import { fromTime } from '../../api/time.ts'
import type { Node } from '../../api/types.ts'
import { hasJoined, isNodeReady } from '../../cluster/objects/node-state.ts'
import { isLoss } from './readiness.ts'

/** Beyond this share of lost nodes Kubernetes's controller evicts nothing any more. */
const mostNodes = 0.55
/** One node after the other: kube-controller-manager's --node-eviction-rate of 0.1 a second. */
const pauseMs = 10_000

export interface LostNode {
  readonly node: Node
  /** The node as it is among `nodes`. */
  readonly before: Node
  /** Every node of the cluster, the same list as long as none changes; asked for only where the node is lost. */
  readonly nodes: () => readonly Node[]
  /** Whether anything runs on a node that would have to be replaced. */
  readonly hasPods: (node: Node) => boolean
  readonly now: number
}

export type GiveUp = { readonly verdict: 'yes' | 'no' } | { readonly verdict: 'later'; readonly at: number }

interface Rule {
  readonly when: (lost: LostNode) => boolean
  readonly verdict: 'yes' | 'no'
}

/** Whether the pods of a lost node may be given up, once they no longer tolerate it. First match wins. */
const rules: readonly Rule[] = [
  { when: ({ node }) => isNodeReady(node), verdict: 'no' },
  // There is nowhere to go, or nothing is wrong with the nodes: more likely the engine's own network is cut off.
  { when: areMostLost, verdict: 'no' },
  // Its time runs already.
  { when: ({ node }) => givenUpAt(node) !== undefined, verdict: 'yes' },
  // It holds up nobody.
  { when: ({ node, hasPods }) => !hasPods(node), verdict: 'yes' },
]

export function mayGiveUp(lost: LostNode): GiveUp {
  const rule = rules.find(({ when }) => when(lost))
  if (rule !== undefined) return { verdict: rule.verdict }
  const { node, nodes, hasPods, now } = lost
  const others = nodes().filter(other => other.metadata.name !== node.metadata.name)
  const last = Math.max(
    ...others.map(other => {
      const at = givenUpAt(other)
      return at !== undefined && hasPods(other) ? at : -Infinity
    }),
  )
  return now >= last + pauseMs ? { verdict: 'yes' } : { verdict: 'later', at: last + pauseMs }
}

function areMostLost({ node, before, nodes }: LostNode): boolean {
  const { joined, lost } = tally(nodes())
  const justLost = hasJoined(node) && isNodeReady(before) ? 1 : 0
  return lost + justLost > joined * mostNodes
}

interface Tally {
  readonly joined: number
  readonly lost: number
}

/** Each of 500 nodes that are lost together asks how many are: counted once for all that ask of the same list. */
const tallies = new WeakMap<readonly Node[], Tally>()

/** Nodes that the branch names and that never joined are not lost. */
function tally(nodes: readonly Node[]): Tally {
  const known = tallies.get(nodes)
  if (known !== undefined) return known
  const joined = nodes.filter(hasJoined)
  const counted = { joined: joined.length, lost: joined.filter(node => !isNodeReady(node)).length }
  tallies.set(nodes, counted)
  return counted
}

/** Since when the node's pods are being given up. */
function givenUpAt({ spec }: Node): number | undefined {
  const taint = (spec.taints ?? []).find(each => each.effect === 'NoExecute' && isLoss(each))
  return taint?.timeAdded === undefined ? undefined : fromTime(taint.timeAdded)
}
