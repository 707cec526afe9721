import { type Key, refOf } from '../../api/reference.ts'
import type { Node, Pod } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { conditionOf, withCondition } from '../../cluster/objects/conditions.ts'
import { type Decision, earliest, nothing, waking } from '../../cluster/decision.ts'
import { deletePod } from '../pod/deletion.ts'
import { type LostPod, lostPodVerdict, replaceAt } from './lost-pods.ts'
import { isNodeReady, isUnreachable } from '../../cluster/objects/node-state.ts'
import { heard, lost, lostSince, notReadyKey, silenceMs, unreachableKey } from './readiness.ts'

/** Beyond this share of lost nodes Kubernetes's controller evicts nothing any more. */
const mostNodes = 0.55

/** Follows a node's readiness, and replaces its pods when it stays away. */
export function reconcileNode(
  cluster: IndexedView,
  key: Key,
  { env, defaultSeconds }: { env: Env; defaultSeconds: number },
): Decision {
  const known = cluster.get('Node', key)
  if (!known) return nothing
  const { heardAt, connected } = cluster.sessions.of(key, env.now)
  const silentAt = heardAt + silenceMs
  // A node that was lost before the engine's restart is so until its agent is back.
  const silent = silentAt <= env.now || (!connected && isUnreachable(known))
  const node = silent ? lost(known, env.now) : heard(known, env.now)
  const pods = cluster.podsOn(key)
  const evictions = evict(cluster, node, { pods, env, defaultSeconds })
  const evicted = new Set(
    evictions.changes.flatMap(change => (change.kind === 'put' ? [refOf(change.object).key] : [])),
  )
  const readiness = pods.filter(pod => !evicted.has(refOf(pod).key)).flatMap(pod => podReadiness(pod, { node, env }))
  return waking(
    [{ kind: 'put', object: node }, ...turned(known, node), ...readiness, ...evictions.changes],
    earliest(silentAt > env.now ? silentAt : undefined, evictions.wakeAt),
  )
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
function podReadiness(pod: Pod, { node, env }: { node: Node; env: Env }): Change[] {
  const ready = conditionOf(pod.status?.conditions, 'Ready')
  if (!pod.status || !ready) return []
  const nodeReady = isNodeReady(node)
  if (!nodeReady && ready.status !== 'True') return []
  if (nodeReady && ready.reason !== 'NodeNotReady') return []
  const containers = conditionOf(pod.status.conditions, 'ContainersReady')?.status ?? 'False'
  const condition = nodeReady
    ? ({ type: 'Ready', status: containers } as const)
    : ({ type: 'Ready', status: 'False', reason: 'NodeNotReady' } as const)
  const conditions = withCondition(pod.status.conditions, condition, env.now)
  return [{ kind: 'put', object: { ...pod, status: { ...pod.status, conditions } } }]
}

function evict(
  cluster: IndexedView,
  node: Node,
  { pods, env, defaultSeconds }: { pods: readonly Pod[]; env: Env; defaultSeconds: number },
): Decision {
  const lostAt = lostSince(node)
  if (lostAt === undefined) return nothing
  const taint = (node.spec.taints ?? []).some(({ key }) => key === unreachableKey) ? unreachableKey : notReadyKey
  const mostNodesLost = areMostLost(cluster, node)
  // When many come back one by one, the last are given as much time as if they had been lost only then.
  const since = Math.max(lostAt, cluster.sessions.noteMostNodesLost(mostNodesLost, env.now))
  const all: LostPod[] = pods.map(pod => ({ pod, taint, since, now: env.now, defaultSeconds, mostNodesLost }))
  const waiting = mostNodesLost ? [] : all.filter(pod => lostPodVerdict(pod) === 'wait')
  return waking(
    all.filter(pod => lostPodVerdict(pod) === 'evict').flatMap(({ pod }) => evictPod(pod, env)),
    earliest(...waiting.map(replaceAt)),
  )
}

function areMostLost(cluster: IndexedView, node: Node): boolean {
  const nodes = cluster.list('Node')
  const away = nodes.filter(({ metadata }) => metadata.name !== node.metadata.name).filter(other => !isNodeReady(other))
  return away.length + 1 > nodes.length * mostNodes
}

function evictPod(pod: Pod, env: Env): Change[] {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
  } as const
  const conditions = withCondition(pod.status?.conditions, condition, env.now)
  const ready = conditionOf(conditions, 'Ready')
  const off = ready
    ? withCondition(conditions, { type: 'Ready', status: 'False', reason: 'NodeNotReady' }, env.now)
    : conditions
  const told = { ...pod, status: { phase: 'Unknown' as const, ...pod.status, conditions: off } }
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
