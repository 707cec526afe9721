import { type Key, refOf } from '../../api/reference.ts'
import type { ClusterSettings } from '../../api/settings.ts'
import type { Condition, Node, Pod } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { conditionOf, withCondition, withoutCondition } from '../../cluster/objects/conditions.ts'
import { type Decision, earliest, waking } from '../../cluster/decision.ts'
import { drainOf, isNodeReady } from '../../cluster/objects/node-state.ts'
import { drainedCondition } from '../../protocol/session.ts'
import { deletePod } from '../pod/deletion.ts'
import { admission } from './admission.ts'
import { drain } from './drain.ts'
import { mayGiveUp } from './give-up.ts'
import type { Losses } from './losses.ts'
import { heard, lost, tainted } from './readiness.ts'
import { silenceOf } from './silence.ts'
import { evictAt, type TaintedPod, taintVerdict } from './taint-evictions.ts'

interface Context {
  readonly env: Env
  readonly settings: ClusterSettings['spec']['nodes']
}

/** Follows a node's readiness and taints, and takes away the pods that may not stay on it. */
export function reconcileNode(
  cluster: IndexedView,
  key: Key,
  { env, settings, losses }: Context & { readonly losses: Losses },
): Decision {
  const known = cluster.get('Node', key)
  const pods = cluster.podsOn(key)
  if (!known) return { changes: pods.flatMap(pod => deletePod(pod, env)) }
  const { admitted } = admission({ name: key, node: known, settings })
  const { silent } = silenceOf(known, { sessions: cluster.sessions, settings, now: env.now })
  if (silent && !admitted) return { changes: [{ kind: 'delete', ref: refOf(known) }] }

  const current = silent
    ? lost(known, { now: env.now, graceSeconds: settings.monitorGracePeriodSeconds })
    : heard(known, env.now)
  const giveUp = mayGiveUp({
    node: current,
    before: known,
    losses,
    hasPods: name => cluster.podsOn(name).length > 0,
    now: env.now,
  })
  const node = tainted(current, { now: env.now, admitted, mayEvict: giveUp.verdict === 'yes' })

  const evictions = evictTainted(pods, { node, env, settings })
  const options = drainOf(node)
  const leaving = changedBy(evictions.changes)
  const draining = options && drain(cluster, node, { options, leaving, env })
  const evicted = new Set([...leaving, ...changedBy(draining?.changes ?? [])])
  return waking(
    [
      { kind: 'put', object: withProgress(node, { condition: draining?.condition, env }) },
      ...turned(known, node),
      ...podReadiness(pods, { node, env }).filter(({ object }) => !evicted.has(refOf(object).key)),
      ...evictions.changes,
      ...(draining?.changes ?? []),
    ],
    earliest(giveUp.verdict === 'later' ? giveUp.at : undefined, evictions.wakeAt),
  )
}

function changedBy(changes: readonly Change[]): ReadonlySet<Key> {
  return new Set(changes.flatMap(change => (change.kind === 'put' ? refOf(change.object).key : [])))
}

function withProgress(node: Node, { condition, env }: { condition: Condition | undefined; env: Env }): Node {
  const before = node.status?.conditions
  if (condition === undefined && conditionOf(before, drainedCondition) === undefined) return node
  const conditions = condition ? withCondition(before, condition, env.now) : withoutCondition(before, drainedCondition)
  return { ...node, status: { ...node.status, conditions } }
}

function turned(before: Node, after: Node): Change[] {
  if (isNodeReady(before) === isNodeReady(after)) return []
  const ready = isNodeReady(after)
  return [
    {
      kind: 'event',
      ref: refOf(after),
      type: ready ? 'Normal' : 'Warning',
      reason: ready ? 'NodeReady' : 'NodeNotReady',
      message: `Node ${after.metadata.name} status is now: ${ready ? 'NodeReady' : 'NodeNotReady'}`,
      component: 'node-controller',
    },
  ]
}

/** A pod on a node that is not ready takes no traffic and counts for nothing until the node is back. */
function podReadiness(pods: readonly Pod[], { node, env }: { node: Node; env: Env }) {
  const nodeReady = isNodeReady(node)
  return pods.flatMap(pod => {
    const { status } = pod
    const ready = conditionOf(status?.conditions, 'Ready')
    if (!status || !ready || (nodeReady ? ready.reason !== 'NodeNotReady' : ready.status !== 'True')) return []
    const containers = conditionOf(status.conditions, 'ContainersReady')?.status ?? 'False'
    const condition = nodeReady
      ? ({ type: 'Ready', status: containers } as const)
      : ({ type: 'Ready', status: 'False', reason: 'NodeNotReady' } as const)
    const conditions = withCondition(status.conditions, condition, env.now)
    return [{ kind: 'put', object: { ...pod, status: { ...status, conditions } } } as const]
  })
}

function evictTainted(pods: readonly Pod[], { node, env, settings }: Context & { readonly node: Node }): Decision {
  const taints = (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
  if (taints.length === 0) return { changes: [] }
  const all = pods.map((pod): TaintedPod => ({ pod, taints, now: env.now, defaults: settings }))
  return waking(
    all
      .filter(pod => taintVerdict(pod) === 'evict')
      .flatMap(({ pod }) => evictPod(pod, { ready: isNodeReady(node), env })),
    earliest(...all.filter(pod => taintVerdict(pod) === 'wait').map(evictAt)),
  )
}

function evictPod(pod: Pod, { ready, env }: { ready: boolean; env: Env }): Change[] {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
  } as const
  const conditions = withCondition(pod.status?.conditions, condition, env.now)
  // The agent of a node that is lost cannot say that the pod serves no more.
  const off =
    ready || !conditionOf(conditions, 'Ready')
      ? conditions
      : withCondition(conditions, { type: 'Ready', status: 'False', reason: 'NodeNotReady' }, env.now)
  const told: Pod = { ...pod, status: { phase: ready ? 'Pending' : 'Unknown', ...pod.status, conditions: off } }
  return [
    ...deletePod(told, env),
    {
      kind: 'event',
      ref: refOf(pod),
      type: 'Normal',
      reason: 'TaintManagerEviction',
      message: `Marking for deletion Pod ${refOf(pod).key}`,
      component: 'node-controller',
    },
  ]
}
