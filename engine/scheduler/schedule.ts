import type { NodeName, Pod } from '../api/types.ts'
import { obstacle } from './filters.ts'
import type { NodeInfo } from './node-info.ts'
import type { NodeInfos } from './node-infos.ts'
import { type PodInfo, podInfo } from './pod-info.ts'
import { scoreOf } from './scores.ts'

/** Where a pod goes, or why it goes nowhere. */
export type Placement =
  | { readonly kind: 'bound'; readonly node: NodeName }
  | { readonly kind: 'unschedulable'; readonly message: string }

/** Enough good nodes to choose from: looking at all of thousands gains little. */
const enough = 100

/** The best node for a pod among the first that can take it; equal ones in the order of their names. */
export function placePod(pod: Pod, nodes: NodeInfos): Placement {
  const all = nodes.list()
  const info = podInfo(pod)
  let best: { node: NodeName; score: number } | undefined
  let found = 0
  let looked = 0
  for (; looked < all.length && found < enough; looked++) {
    const node = all[(nodes.start + looked) % all.length]
    if (!node || obstacle(info, node)) continue
    found += 1
    const { name } = node.node.metadata
    const score = scoreOf(info, node)
    if (!best || score > best.score || (score === best.score && name < best.node)) best = { node: name, score }
  }
  if (looked < all.length) nodes.advance(looked)
  return best ? { kind: 'bound', node: best.node } : { kind: 'unschedulable', message: explanation(info, all) }
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {dedicated: db}.` */
function explanation(info: PodInfo, nodes: readonly NodeInfo[]): string {
  if (nodes.length === 0) return 'no nodes available to schedule pods'
  const counts = new Map<string, number>()
  for (const node of nodes) {
    for (const reason of obstacle(info, node)?.explain(info, node) ?? []) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
  }
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodes.length} nodes are available: ${reasons.join(', ')}.`
}
