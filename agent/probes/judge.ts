/** When probes are due and what their results add up to: the kubelet's rules (prober/worker.go) as pure functions. */
import type { Probe } from '../../engine/api/types.ts'

export type ProbeKind = 'startup' | 'readiness' | 'liveness'

export interface ProbeState {
  readonly passing: boolean
  /** Equal results in a row. */
  readonly streak: { readonly ok: boolean; readonly length: number }
}

/** Until told otherwise a container lives, is not ready, and has not started. */
export function initialState(kind: ProbeKind): ProbeState {
  return { passing: kind === 'liveness', streak: { ok: false, length: 0 } }
}

export function judge(state: ProbeState, { ok, probe }: { ok: boolean; probe: Probe }): ProbeState {
  const length = state.streak.ok === ok ? state.streak.length + 1 : 1
  const needed = ok ? probe.successThreshold : probe.failureThreshold
  return { passing: length >= needed ? ok : state.passing, streak: { ok, length } }
}

/** A failure that lasted: the container is to be restarted. Never so for readiness. */
export function asksForRestart(kind: ProbeKind, { state, probe }: { state: ProbeState; probe: Probe }): boolean {
  return kind !== 'readiness' && !state.streak.ok && state.streak.length >= probe.failureThreshold
}

const firstEagerMs = 25

export interface Tries {
  /** When the next try of the period falls due: it counts. */
  readonly countedAt: number
  /** Tries so far that did not count. */
  readonly eager: number
}

/**
 * When to try next. Between the tries of the period, a container that was never up is tried 25, 50, 100, … ms apart, so
 * that it serves as soon as it can rather than a period later; what fails there counts for nothing.
 */
export function nextTry({ countedAt, eager }: Tries, { now, isEager }: { now: number; isEager: boolean }): number {
  return isEager ? Math.min(countedAt, now + firstEagerMs * 2 ** eager) : countedAt
}

/** Network checks cost next to nothing; a command does not. With a successThreshold each success is to last a period. */
export function mayBeEager(kind: ProbeKind, probe: Probe): boolean {
  return kind !== 'liveness' && probe.exec === undefined && probe.successThreshold === 1
}
