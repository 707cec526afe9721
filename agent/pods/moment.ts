import { performance } from 'node:perf_hooks'

/** A point in time on both clocks. */
export interface Moment {
  /** Milliseconds that never go backward: for back-offs, deadlines and timers. */
  readonly now: number
  /** Milliseconds since 1970 by the machine's clock, which may jump: for what people and the API read. */
  readonly wall: number
}

export function moment(): Moment {
  return { now: performance.now(), wall: Date.now() }
}
