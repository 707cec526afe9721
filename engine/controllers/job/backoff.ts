import { fromTime } from '../../api/time.ts'
import type { Pod } from '../../api/types.ts'

const firstDelayMs = 10_000
const longestDelayMs = 360_000

/**
 * When the next pod may start: 10 s, 20 s, 40 s … after the last failure, at most 6 min, by the number of failures
 * since the last success. 0 where none came since.
 */
export function startAfter(finished: readonly Pod[]): number {
  const succeededAt = Math.max(0, ...finished.filter(hasSucceeded).map(finishedAt))
  const failures = finished.filter(pod => !hasSucceeded(pod) && finishedAt(pod) > succeededAt).map(finishedAt)
  if (failures.length === 0) return 0
  return Math.max(...failures) + Math.min(longestDelayMs, firstDelayMs * 2 ** (failures.length - 1))
}

function hasSucceeded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded'
}

/** One that never ran, since its node refused it, ended when it was made. */
function finishedAt({ metadata, status }: Pod): number {
  const ends = (status?.containerStatuses ?? []).flatMap(({ state }) => state.terminated?.finishedAt ?? [])
  return Math.max(fromTime(metadata.creationTimestamp ?? ''), ...ends.map(fromTime))
}
