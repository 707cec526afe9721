import { clusterKind, type ClusterObject } from '../../api/cluster-object.ts'
import type { Key } from '../../api/reference.ts'
import type { Release, ReleasePhase } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import { type Decision, nothing } from '../../cluster/decision.ts'
import type { Ailments } from '../health/ailments.ts'

/** Writes down how far a release is. */
export function reconcileRelease(
  cluster: IndexedView,
  key: Key,
  { clusterName, ailments }: { readonly clusterName: string; readonly ailments: Ailments },
): Decision {
  const release = cluster.get('Release', key)
  if (!release) return nothing
  const own = cluster.get(clusterKind, clusterName) as ClusterObject | undefined
  const status: Release['status'] = { phase: phaseOf(key, { own, ailments }) }
  return { changes: [{ kind: 'put', object: { ...release, status } }] }
}

/**
 * In Helm's words: failed where a hook or an object did; pending until all of it is applied and has been well with the
 * commit. What breaks later is told of by the health of the cluster: the release stays deployed, unless it is past hope.
 */
function phaseOf(
  key: Key,
  { own, ailments }: { readonly own: ClusterObject | undefined; readonly ailments: Ailments },
): ReleasePhase {
  const { hooks = [], releases = [] } = own?.status.rollout ?? {}
  const { ailing, failed } = ailments.of(key)
  if (failed > 0 || hooks.some(({ release, state }) => release === key && state === 'Failed')) return 'failed'
  if (releases.includes(key) || (ailing > 0 && own?.status.healthyAt === undefined)) return 'pending'
  return 'deployed'
}
