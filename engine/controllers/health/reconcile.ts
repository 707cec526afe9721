import { clusterKind, type ClusterObject, type ClusterStatus } from '../../api/cluster-object.ts'
import type { Key } from '../../api/reference.ts'
import { toTime } from '../../api/time.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Env } from '../../cluster/view.ts'
import { type Decision, nothing } from '../../cluster/decision.ts'
import type { Ailments } from './ailments.ts'

/** As many reasons as a person reads; the last line counts the rest. */
const mostReasons = 20

/** Writes down how the cluster is, from what ails its desired objects. */
export function reconcileHealth(
  cluster: IndexedView,
  name: Key,
  { ailments, env }: { ailments: Ailments; env: Env },
): Decision {
  const object = cluster.get(clusterKind, name) as ClusterObject | undefined
  if (!object) return nothing
  return { changes: [{ kind: 'put', object: { ...object, status: clusterStatus(object.status, { ailments, env }) } }] }
}

/**
 * Healthy once nothing ails; Degraded where something failed, or where something ails that was well after the commit had
 * been applied; Progressing in between. `healthyAt` is when the applied commit first was healthy.
 */
export function clusterStatus(
  status: ClusterStatus,
  { ailments, env }: { ailments: Ailments; env: Env },
): ClusterStatus {
  const { revision, healthyAt, rollout } = status
  const { hooks = [], waiting = [] } = rollout ?? {}
  const healthy = ailments.size === 0 && waiting.length === 0 && revision !== undefined
  const broke =
    ailments.failed > 0 ||
    hooks.some(({ state }) => state === 'Failed') ||
    (ailments.size > 0 && healthyAt !== undefined)
  return {
    ...status,
    health: healthy ? 'Healthy' : broke ? 'Degraded' : 'Progressing',
    ...(healthy && healthyAt === undefined ? { healthyAt: toTime(env.now) } : {}),
    unhealthy: [...waiting, ...ailments.words(mostReasons)],
  }
}
