import { fromTime, toTime } from '../../api/time.ts'
import type { Node, Taint } from '../../api/types.ts'
import { isTrue, withCondition } from '../../cluster/objects/conditions.ts'
import { isUnreachable, unreachableReason } from '../../cluster/objects/node-state.ts'

export const unreachableKey = 'node.kubernetes.io/unreachable'
export const notReadyKey = 'node.kubernetes.io/not-ready'
/** How long a node may be silent. */
export const silenceMs = 10_000

/** The Node once it has been silent for too long. */
export function lost(node: Node, now: number): Node {
  const conditions = withCondition(
    node.status?.conditions,
    {
      type: 'Ready',
      status: 'Unknown',
      reason: unreachableReason,
      message: `the agent has not been heard of for ${silenceMs / 1000} s`,
    },
    now,
  )
  return {
    ...node,
    spec: { ...node.spec, taints: withTaints(node, unreachableKey, lossTaints(unreachableKey, now)) },
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
  return lossTaints(notReadyKey, now)
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

function lossTaints(key: string, now: number): readonly Taint[] {
  const timeAdded = toTime(now)
  return [
    { key, effect: 'NoSchedule', timeAdded },
    { key, effect: 'NoExecute', timeAdded },
  ]
}
