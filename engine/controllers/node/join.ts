import type { Condition, Labels, Node, NodeStatus, Taint } from '../../api/types.ts'
import { conditionOf, withCondition } from '../../cluster/objects/conditions.ts'
import { spokenNode, voicesOf } from '../../cluster/objects/node-fields.ts'
import { hasReported } from '../../cluster/objects/node-state.ts'
import { drainedCondition } from '../../protocol/session.ts'

/** What a node says of itself: protocol's NodeReport. */
export interface ReportedNode {
  readonly name: string
  readonly labels: Labels
  readonly taints: readonly Taint[]
  readonly status: NodeStatus
}

/**
 * The Node as its agent reports it; what the branch says of it, and what the engine keeps (range, readiness), stays. An
 * agent says hello before it has looked at its machine: until then the machine is what it was.
 */
export function reportedNode(
  report: ReportedNode,
  { before, podCIDR, now }: { before: Node | undefined; podCIDR: string | undefined; now: number },
): Node {
  const cidr = podCIDR ?? before?.spec.podCIDR
  const { desired, reported: known } = before === undefined ? nobody : voicesOf(before)
  const looked = hasReported(report.status)
  const node: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...before?.metadata, name: report.name },
    spec: { ...before?.spec, ...(cidr === undefined ? {} : { podCIDR: cidr, podCIDRs: [cidr] }) },
    status: {
      ...(looked ? report.status : before?.status),
      conditions: conditions(report.status, { before, now }),
    },
  }
  const { labels, taints } = report
  return spokenNode(node, { desired, reported: looked ? { labels, taints } : (known ?? { labels, taints }) })
}

const nobody = { desired: undefined, reported: undefined }

/** Conditions that the engine writes; a report leaves them as they are. */
const engineConditions: ReadonlySet<string> = new Set([drainedCondition])

/** The agent's conditions, with the times at which they changed; an agent that reports is ready unless it says not. */
function conditions(status: NodeStatus, { before, now }: { before: Node | undefined; now: number }): Condition[] {
  const known = before?.status?.conditions ?? []
  const told = (hasReported(status) ? status.conditions : known.filter(({ type }) => type !== 'Ready')) ?? []
  const kept = known.filter(({ type }) => engineConditions.has(type))
  const others = told.filter(({ type }) => type !== 'Ready' && !engineConditions.has(type))
  const timed = [...others, conditionOf(told, 'Ready') ?? ready].flatMap(condition =>
    withCondition(
      known.filter(({ type }) => type === condition.type),
      condition,
      now,
    ),
  )
  return [...timed, ...kept]
}

const ready: Condition = { type: 'Ready', status: 'True', reason: 'AgentReady', message: 'the agent reports' }
