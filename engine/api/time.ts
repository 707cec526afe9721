import type { Time } from './types.ts'

/** Milliseconds since 1970 → `2026-11-20T19:08:09Z`. Kubernetes's times hold whole seconds: the rest is cut off. */
export function toTime(ms: number): Time {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** Any RFC 3339 time → milliseconds since 1970; NaN where it is none. */
export function fromTime(time: Time): number {
  return Date.parse(time)
}
