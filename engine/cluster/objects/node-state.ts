import type { Node, NodeStatus } from '../../api/types.ts'
import { conditionOf, isTrue } from './conditions.ts'

export function isNodeReady(node: Node): boolean {
  return isTrue(node.status?.conditions, 'Ready')
}

/** Its agent has been silent for too long. */
export function isUnreachable(node: Node): boolean {
  return conditionOf(node.status?.conditions, 'Ready')?.reason === unreachableReason
}

/** Its agent has looked at the machine and said what it offers. */
export function hasReported(status: NodeStatus | undefined): boolean {
  return status?.allocatable !== undefined || status?.capacity !== undefined
}

/** Why a node that is not heard of is not ready. */
export const unreachableReason = 'NodeStatusUnknown'
