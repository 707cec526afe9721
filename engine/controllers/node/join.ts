import type { Condition, Labels, Node, NodeStatus, Taint } from '../../api/types.ts'
import { conditionOf, withCondition } from '../../cluster/objects/conditions.ts'
import { hasReported } from '../../cluster/objects/node-state.ts'

/** What a node says of itself: protocol's NodeReport. */
export interface ReportedNode {
  readonly name: string
  readonly labels: Labels
  readonly taints: readonly Taint[]
  readonly status: NodeStatus
}

const engineTaints: ReadonlySet<string> = new Set(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'])

/**
 * The Node as its agent reports it; what the engine keeps of it (range, cordon, readiness) stays. An agent says hello
 * before it has looked at its machine: until then the machine is what it was.
 */
export function reportedNode(
  report: ReportedNode,
  { before, podCIDR, now }: { before: Node | undefined; podCIDR: string | undefined; now: number },
): Node {
  const cidr = podCIDR ?? before?.spec.podCIDR
  const kept = (before?.spec.taints ?? []).filter(taint => engineTaints.has(taint.key))
  const told = report.taints.filter(taint => !engineTaints.has(taint.key))
  const taints = [...told, ...kept]
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...before?.metadata, name: report.name, labels: report.labels },
    spec: {
      ...before?.spec,
      ...(cidr === undefined ? {} : { podCIDR: cidr, podCIDRs: [cidr] }),
      taints,
    },
    status: {
      ...(hasReported(report.status) ? report.status : before?.status),
      conditions: conditions(report.status, { before, now }),
    },
  }
}

/** The agent's conditions, with the times at which they changed; an agent that reports is ready unless it says not. */
function conditions(
  { conditions: told = [] }: NodeStatus,
  { before, now }: { before: Node | undefined; now: number },
): readonly Condition[] {
  const ready = conditionOf(told, 'Ready') ?? {
    type: 'Ready',
    status: 'True',
    reason: 'AgentReady',
    message: 'the agent reports',
  }
  const all = [...told.filter(condition => condition.type !== 'Ready'), ready]
  return all.flatMap(condition =>
    withCondition(
      (before?.status?.conditions ?? []).filter(known => known.type === condition.type),
      condition,
      now,
    ),
  )
}
