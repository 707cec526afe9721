import { type DrainOptions, parseDrain } from '../../api/drain.ts'
import { drainAnnotation } from '../../api/manifest.ts'
import type { Node, NodeStatus } from '../../api/types.ts'
import { conditionOf, isTrue } from './conditions.ts'

export function isNodeReady(node: Node): boolean {
  return isTrue(node.status?.conditions, 'Ready')
}

/** Its agent has been silent for too long, or was never there. */
export function isUnreachable(node: Node): boolean {
  const { status = 'Unknown' } = conditionOf(node.status?.conditions, 'Ready') ?? {}
  return status === 'Unknown'
}

/** An agent of its name was there once; else it is known from the branch alone. A node gets its range when it joins. */
export function hasJoined(node: Node): boolean {
  return node.spec.podCIDR !== undefined
}

/** How its pods are to go; undefined where they may stay. */
export function drainOf(node: Node): DrainOptions | undefined {
  const text = node.metadata.annotations?.[drainAnnotation]
  return text === undefined ? undefined : parseDrain(text)
}

/** Its agent has looked at the machine and said what it offers. */
export function hasReported(status: NodeStatus | undefined): boolean {
  return status?.allocatable !== undefined || status?.capacity !== undefined
}
