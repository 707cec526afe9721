import { fromTime } from '../../api/time.ts'
import type { Node, Taint } from '../../api/types.ts'
import { conditionOf, isTrue, withCondition } from '../conditions.ts'
import { unreachableTaints } from './join.ts'

export const unreachableKey = 'node.kubernetes.io/unreachable'
export const notReadyKey = 'node.kubernetes.io/not-ready'
/** How long a node may be silent. */
export const silenceMs = 10_000

export function isNodeReady(node: Node): boolean {
  return isTrue(node.status?.conditions, 'Ready')
}

export function isUnreachable(node: Node): boolean {
  return conditionOf(node.status?.conditions, 'Ready')?.reason === 'NodeStatusUnknown'
}

/** The Node once it has been silent for too long. */
export function lost(node: Node, now: number): Node {
  const conditions = withCondition(
    node.status?.conditions,
    {
      type: 'Ready',
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: `the agent has not been heard of for ${silenceMs / 1000} s`,
    },
    now,
  )
  return {
    ...node,
    spec: { ...node.spec, taints: withTaints(node, unreachableKey, unreachableTaints(now)) },
    status: { ...node.status, conditions },
  }
}

/** The Node as it is while its agent is heard of: taints follow from what the agent says of its readiness. */
export function heard(node: Node, now: number): Node {
  const conditions = isUnreachable(node)
    ? withCondition(
        node.status?.conditions,
        { type: 'Ready', status: 'True', reason: 'AgentReady', message: 'the agent reports' },
        now,
      )
    : (node.status?.conditions ?? [])
  const reachable = { ...node, spec: { ...node.spec, taints: withTaints(node, unreachableKey, []) } }
  const notReady = isTrue(conditions, 'Ready') ? [] : notReadyTaints(now)
  return {
    ...node,
    spec: { ...node.spec, taints: withTaints(reachable, notReadyKey, notReady) },
    status: { ...node.status, conditions },
  }
}

function notReadyTaints(now: number): readonly Taint[] {
  return unreachableTaints(now).map(taint => ({ ...taint, key: notReadyKey }))
}

/** The node's taints with these in place of those of the same key; a taint that stays keeps its time. */
function withTaints(node: Node, key: string, taints: readonly Taint[]): readonly Taint[] {
  const before = node.spec.taints ?? []
  const others = before.filter(taint => taint.key !== key)
  return [...others, ...taints.map(taint => before.find(known => isSame(known, taint)) ?? taint)]
}

function isSame(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect
}

/** Since when a node's pods count as lost; undefined where they do not. */
export function lostSince(node: Node): number | undefined {
  const taint = (node.spec.taints ?? []).find(
    ({ key, effect }) => effect === 'NoExecute' && (key === unreachableKey || key === notReadyKey),
  )
  return taint?.timeAdded === undefined ? undefined : fromTime(taint.timeAdded)
}
