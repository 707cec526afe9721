import { refOf } from '../../api/reference.ts'
import { toTime } from '../../api/time.ts'
import type { Pod } from '../../api/types.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'

/**
 * Ends a pod as the API server does: one that is bound is told to stop and goes when its agent says that nothing of it
 * is left; one that never was goes at once. Nothing to do for one that was told already.
 */
export function deletePod(
  pod: Pod,
  env: Env,
  /** Instead of the pod's own. */
  { gracePeriodSeconds }: { gracePeriodSeconds?: number } = {},
): readonly Change[] {
  if (isBeingDeleted(pod)) return []
  if (pod.spec.nodeName === undefined) return [{ kind: 'delete', ref: refOf(pod) }]
  const grace = gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds
  const metadata = {
    ...pod.metadata,
    deletionTimestamp: toTime(env.now + grace * 1000),
    deletionGracePeriodSeconds: grace,
  }
  return [{ kind: 'put', object: { ...pod, metadata } }]
}
