import type { Key } from '../api/reference.ts'
import { refOf } from '../api/reference.ts'
import type { NodeName, Pod, PodSpec } from '../api/types.ts'
import type { Change, Env } from '../cluster/view.ts'
import type { IndexedView } from '../cluster/indexed-view.ts'
import { withCondition } from '../cluster/objects/conditions.ts'
import { isBeingDeleted } from '../cluster/objects/ownership.ts'
import { isFinished } from '../cluster/objects/pod-state.ts'
import { type Decision, earliest, nothing, waking } from '../cluster/decision.ts'
import type { NodeInfos } from './node-infos.ts'
import { placePod } from './schedule.ts'

/** Whether a pod waits for a node. */
export function isWaiting(pod: Pod): boolean {
  return pod.spec.nodeName === undefined && !isFinished(pod) && !isBeingDeleted(pod)
}

/**
 * Specs that no node takes now. Pods of one template share their spec, so the answer holds for all of them, until
 * something frees room.
 */
export type Refusals = Map<PodSpec, string>

/** Binds a waiting pod to a node, or says why none takes it. */
export function reconcilePlacement(
  cluster: IndexedView,
  key: Key,
  { nodes, refusals, env }: { nodes: NodeInfos; refusals: Refusals; env: Env },
): Decision {
  const pod = cluster.get('Pod', key)
  if (!pod || !isWaiting(pod)) return nothing
  const refused = refusals.get(pod.spec)
  if (refused !== undefined) return { changes: refusal(pod, { message: refused, env }) }
  const placement = placePod(pod, nodes)
  if (placement.kind === 'bound') return { changes: binding(pod, { node: placement.node, env }) }
  // A node that is about to say what it offers may take the pod: nobody is told yet that none does.
  const reportsBy = earliest(...nodes.list().flatMap(node => (node.reportsBy > env.now ? node.reportsBy : [])))
  if (reportsBy !== undefined) return waking([], reportsBy)
  refusals.set(pod.spec, placement.message)
  return { changes: refusal(pod, { message: placement.message, env }) }
}

function binding(pod: Pod, { node, env }: { node: NodeName; env: Env }): Change[] {
  const conditions = withCondition(pod.status?.conditions, { type: 'PodScheduled', status: 'True' }, env.now)
  const status = { phase: 'Pending' as const, ...pod.status, conditions }
  return [
    { kind: 'put', object: { ...pod, spec: { ...pod.spec, nodeName: node }, status } },
    {
      kind: 'event',
      ref: refOf(pod),
      type: 'Normal',
      reason: 'Scheduled',
      message: `Successfully assigned ${refOf(pod).key} to ${node}`,
      component: 'default-scheduler',
    },
  ]
}

function refusal(pod: Pod, { message, env }: { message: string; env: Env }): Change[] {
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message } as const
  const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  // Said once for as long as the reason is the same.
  if (known?.status === 'False' && known.message === message) return []
  const conditions = withCondition(pod.status?.conditions, condition, env.now)
  return [
    { kind: 'put', object: { ...pod, status: { phase: 'Pending', ...pod.status, conditions } } },
    {
      kind: 'event',
      ref: refOf(pod),
      type: 'Warning',
      reason: 'FailedScheduling',
      message,
      component: 'default-scheduler',
    },
  ]
}
