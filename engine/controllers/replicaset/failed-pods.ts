import { fromTime } from '../../api/time.ts'
import type { Pod } from '../../api/types.ts'
import { conditionOf } from '../../cluster/objects/conditions.ts'

const firstDelayMs = 10_000
const longestDelayMs = 300_000
/** Enough to see what went wrong. */
const keptFailures = 5

/**
 * When a replacement may be made for pods that failed (evicted, refused by their node): at once for the first, then
 * after 10 s, 20 s, 40 s … of the last failure, at most 5 min; so a pod that no node accepts does not spin.
 */
export function replaceAfter(failed: readonly Pod[]): number {
  if (failed.length < 2) return 0
  const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** (failed.length - 2))
  return Math.max(...failed.map(failedAt)) + delay
}

/** Failed pods beyond those that are kept to be looked at, oldest first. */
export function superfluousFailures(failed: readonly Pod[]): Pod[] {
  const oldestFirst = [...failed].sort(
    (a, b) => failedAt(a) - failedAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1),
  )
  return oldestFirst.slice(0, Math.max(0, failed.length - keptFailures))
}

function failedAt(pod: Pod): number {
  const since = conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime ?? pod.metadata.creationTimestamp
  return since === undefined ? 0 : fromTime(since)
}
