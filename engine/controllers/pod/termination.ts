import type { Key } from '../../api/reference.ts'
import type { Pod } from '../../api/types.ts'
import { drainedCondition } from '../../protocol/session.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Env } from '../../cluster/view.ts'
import { conditionOf, withCondition } from '../../cluster/objects/conditions.ts'
import { type Decision, nothing, waking } from '../../cluster/decision.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { anew } from './fresh.ts'

/** How long proxies may take to stop sending connections to a pod that ends. */
const drainForMs = 2_000

/**
 * Ends a pod that is told to stop: it goes at once where no agent can have it. Else tells its agent, by a condition, that no proxy sends the pod new connections any more: every connected node
 * acknowledged the endpoints without it, or two seconds passed. Only then does the agent stop it.
 */
export function reconcileTermination(cluster: IndexedView, key: Key, env: Env): Decision {
  const pod = cluster.get('Pod', key)
  const uid = pod?.metadata.uid
  if (!pod || uid === undefined || !isBeingDeleted(pod)) return nothing
  if (pod.spec.nodeName === undefined || !cluster.get('Node', pod.spec.nodeName)) {
    cluster.sessions.drained(uid)
    return { changes: [{ kind: 'delete', ref: { kind: 'Pod', key } }, ...anew(pod)] }
  }
  if (conditionOf(pod.status?.conditions, drainedCondition)) {
    cluster.sessions.drained(uid)
    return nothing
  }
  const draining =
    cluster.sessions.drainingOf(uid) ??
    cluster.sessions.drain(uid, { resourceVersion: cluster.sessions.routesVersion, until: env.now + drainForMs })
  const drained = env.now >= draining.until || cluster.sessions.leastAcknowledged() >= draining.resourceVersion
  return drained ? waking([drainedChange(pod, env)], undefined) : waking([], draining.until)
}

function drainedChange(pod: Pod, env: Env) {
  const condition = { type: drainedCondition, status: 'True', reason: 'EndpointsRemoved' } as const
  const conditions = withCondition(pod.status?.conditions, condition, env.now)
  return { kind: 'put', object: { ...pod, status: { phase: 'Pending', ...pod.status, conditions } } } as const
}
