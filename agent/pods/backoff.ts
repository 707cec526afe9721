/**
 * How long a container that keeps failing waits before its next try: Kubernetes's own rule
 * (k8s.io/client-go/util/flowcontrol). The first retry is immediate, the second waits 10 s after the failure, then 20,
 * 40, 80, 160 and 300 s. Who did not fail for twice the longest wait starts afresh.
 */
export interface Backoff {
  readonly delayMs: number
  /** When the last try began. */
  readonly updatedAt: number
}

export const initialDelayMs = 10_000
export const longestDelayMs = 300_000

/** The state after a try that begins now and follows a failure at `failedAt`. */
export function nextBackoff(
  previous: Backoff | undefined,
  { failedAt, now }: { failedAt: number; now: number },
): Backoff {
  if (!previous || isForgotten(previous, failedAt)) return { delayMs: initialDelayMs, updatedAt: now }
  return { delayMs: Math.min(previous.delayMs * 2, longestDelayMs), updatedAt: now }
}

/** When the next try may begin, after a failure at `failedAt`. */
export function retryAt(backoff: Backoff | undefined, failedAt: number): number {
  return !backoff || isForgotten(backoff, failedAt) ? failedAt : failedAt + backoff.delayMs
}

function isForgotten(backoff: Backoff, failedAt: number): boolean {
  return failedAt - backoff.updatedAt > 2 * longestDelayMs
}
