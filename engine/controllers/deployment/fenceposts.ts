import type { Deployment, IntOrString } from '../../api/types.ts'

export interface Fenceposts {
  /** Pods that may exist beyond `replicas`. */
  readonly maxSurge: number
  /** Pods of `replicas` that may be unavailable. */
  readonly maxUnavailable: number
}

/**
 * How far a rolling update may stray from `replicas`. A percentage of surge is rounded up and one of unavailability
 * down: of 3 replicas, 25 % and 25 % are 1 and 0. Where both come to 0, one may be unavailable, or nothing could move.
 */
export function fenceposts({ spec }: Pick<Deployment, 'spec'>): Fenceposts {
  const { type, rollingUpdate } = spec.strategy
  if (type !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: 0 }
  const maxSurge = amount(rollingUpdate?.maxSurge ?? '25%', { of: spec.replicas, round: Math.ceil })
  const unavailable = amount(rollingUpdate?.maxUnavailable ?? '25%', { of: spec.replicas, round: Math.floor })
  const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : unavailable
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, spec.replicas) }
}

function amount(value: IntOrString, { of, round }: { of: number; round: (share: number) => number }): number {
  if (typeof value === 'number') return value
  return round((Number.parseInt(value, 10) * of) / 100)
}
