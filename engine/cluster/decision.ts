import type { Change } from './view.ts'

/** What a controller wants done, and when it wants to be asked again though nothing changed (env.now). */
export interface Decision {
  readonly changes: readonly Change[]
  readonly wakeAt?: number
}

export const nothing: Decision = { changes: [] }

/** The earliest of some moments; undefined where there is none. */
export function earliest(...moments: readonly (number | undefined)[]): number | undefined {
  return moments.reduce((first, moment) => {
    if (moment === undefined) return first
    return first === undefined || moment < first ? moment : first
  }, undefined)
}

export function waking(all: readonly Change[], wakeAt: number | undefined): Decision {
  return wakeAt === undefined ? { changes: all } : { changes: all, wakeAt }
}
