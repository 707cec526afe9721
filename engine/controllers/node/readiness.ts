import { fromTime, toTime } from '../../api/time.ts'
import { isConditionTaint, taintKeys } from '../../api/node-taints.ts'
import type { Condition, Node, Taint, TaintEffect } from '../../api/types.ts'
import { conditionOf, isTrue, withCondition } from '../../cluster/objects/conditions.ts'
import { hasJoined, isUnreachable } from '../../cluster/objects/node-state.ts'

/** The Node while its agent is silent, or where there never was one. */
export function lost(node: Node, { now, graceSeconds }: { now: number; graceSeconds: number }): Node {
  return withReady(node, hasJoined(node) ? silent(graceSeconds) : neverSeen, now)
}

/** The Node while its agent is heard of: ready, or what the agent says of its readiness. */
export function heard(node: Node, now: number): Node {
  return isUnreachable(node) ? withReady(node, reporting, now) : node
}

const neverSeen: Condition = {
  type: 'Ready',
  status: 'Unknown',
  reason: 'NodeStatusNeverUpdated',
  message: 'the branch names this node, and no agent of this name has joined yet',
}
const reporting: Condition = { type: 'Ready', status: 'True', reason: 'AgentReady', message: 'the agent reports' }

function silent(graceSeconds: number): Condition {
  const message = `the agent has not been heard of for ${graceSeconds} s`
  return { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message }
}

function withReady(node: Node, condition: Condition, now: number): Node {
  return { ...node, status: { ...node.status, conditions: withCondition(node.status?.conditions, condition, now) } }
}

export interface TaintContext {
  readonly now: number
  /** Admission is open, or the branch names the node. */
  readonly admitted: boolean
  /** Its pods may be given up now: not too many nodes are, nor were in the last seconds. */
  readonly mayEvict: boolean
}

interface ConditionTaint {
  readonly key: string
  readonly effects: readonly TaintEffect[]
  readonly when: (node: Node, context: TaintContext) => boolean
}

/** Which taints a node has for its state, in this order. */
const conditionTaints: readonly ConditionTaint[] = [
  { key: taintKeys.notReady, effects: ['NoSchedule', 'NoExecute'], when: node => readyIs(node, 'False') },
  { key: taintKeys.unreachable, effects: ['NoSchedule', 'NoExecute'], when: isUnreachable },
  { key: taintKeys.unschedulable, effects: ['NoSchedule'], when: ({ spec }) => spec.unschedulable === true },
  { key: taintKeys.memoryPressure, effects: ['NoSchedule'], when: node => has(node, 'MemoryPressure') },
  { key: taintKeys.diskPressure, effects: ['NoSchedule'], when: node => has(node, 'DiskPressure') },
  { key: taintKeys.pidPressure, effects: ['NoSchedule'], when: node => has(node, 'PIDPressure') },
  // Where only named nodes may be, what runs on one that is named no more goes elsewhere.
  { key: taintKeys.notAdmitted, effects: ['NoSchedule', 'NoExecute'], when: (_, { admitted }) => !admitted },
]

const lossKeys: ReadonlySet<string> = new Set([taintKeys.notReady, taintKeys.unreachable])

/** Whether a taint says that a node is lost: not ready, or silent. */
function isLoss({ key }: Taint): boolean {
  return lossKeys.has(key)
}

/** Since when the node's pods are being given up. */
export function givenUpAt({ spec }: Node): number | undefined {
  const taint = (spec.taints ?? []).find(each => each.effect === 'NoExecute' && isLoss(each))
  return taint?.timeAdded === undefined ? undefined : fromTime(taint.timeAdded)
}

/** The Node with the taints of its state; a taint that stays keeps its time, and one that evicts has one. */
export function tainted(node: Node, context: TaintContext): Node {
  const before = node.spec.taints ?? []
  const others = before.filter(({ key }) => !isConditionTaint(key))
  const conditions = conditionTaints
    .filter(({ when }) => when(node, context))
    .flatMap(({ key, effects }) => effects.map((effect): Taint => ({ key, effect })))
    .filter(taint => context.mayEvict || taint.effect !== 'NoExecute' || !isLoss(taint))
  const timed = [...others, ...conditions].map(taint => withTime(taint, before, context.now))
  return { ...node, spec: { ...node.spec, taints: timed } }
}

/** Kubernetes dates the taints that evict, since tolerationSeconds count from there. */
function withTime(taint: Taint, before: readonly Taint[], now: number): Taint {
  const known = before.find(({ key, effect }) => key === taint.key && effect === taint.effect)
  const timeAdded = taint.timeAdded ?? known?.timeAdded ?? toTime(now)
  return taint.effect === 'NoExecute' ? { ...taint, timeAdded } : taint
}

function readyIs({ status }: Node, is: Condition['status']): boolean {
  return conditionOf(status?.conditions, 'Ready')?.status === is
}

function has({ status }: Node, pressure: string): boolean {
  return isTrue(status?.conditions, pressure)
}
