import type { Node, NodeName } from '../../api/types.ts'
import { hasJoined, isNodeReady } from '../../cluster/objects/node-state.ts'
import type { Losses } from './losses.ts'
import { givenUpAt } from './readiness.ts'

/** One node after the other: kube-controller-manager's --node-eviction-rate of 0.1 a second. */
const pauseMs = 10_000

export interface LostNode {
  readonly node: Node
  /** The node as `losses` counts it. */
  readonly before: Node
  readonly losses: Losses
  /** Whether anything runs on a node that would have to be replaced. */
  readonly hasPods: (node: NodeName) => boolean
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
  { when: ({ node, hasPods }) => !hasPods(node.metadata.name), verdict: 'yes' },
]

export function mayGiveUp(lost: LostNode): GiveUp {
  const rule = rules.find(({ when }) => when(lost))
  if (rule !== undefined) return { verdict: rule.verdict }
  const { node, losses, hasPods, now } = lost
  let last = Number.NEGATIVE_INFINITY
  for (const [other, at] of losses.givenUp) {
    if (at > last && other !== node.metadata.name && hasPods(other)) last = at
  }
  return now >= last + pauseMs ? { verdict: 'yes' } : { verdict: 'later', at: last + pauseMs }
}

function areMostLost({ node, before, losses }: LostNode): boolean {
  return losses.areMost(hasJoined(node) && isNodeReady(before) ? 1 : 0)
}
