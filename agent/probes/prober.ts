/** Probes the running containers of a node. It owns the timers of all probes and ends them. */
import type { Probe, Uid } from '../../engine/api/types.ts'
import type { ContainerId } from '../runtime/runtime.ts'
import { check, type CheckTarget } from './check.ts'
import { asksForRestart, initialState, judge, mayBeEager, nextTry, type ProbeKind, type ProbeState } from './judge.ts'

export interface ProbeTarget extends CheckTarget {
  readonly podUid: Uid
  /** When the container started, in `Moment.now`. */
  readonly startedAt: number
  /** What an agent before this one had found: a container that was ready stays so until a probe fails. */
  readonly found: { readonly started: boolean; readonly ready: boolean } | undefined
}

export interface Verdicts {
  readonly started: boolean
  readonly ready: boolean
  readonly unhealthy: 'liveness' | 'startup' | undefined
}

export interface Prober {
  /** From now on just these containers of the pod are probed; those already probed go on as they are. */
  probe(podUid: Uid, targets: readonly ProbeTarget[]): void
  /** Undefined: not probed. */
  verdicts(id: ContainerId): Verdicts | undefined
  close(): void
}

export interface ProberOptions {
  now(): number
  onChange(podUid: Uid): void
  onFailure(target: ProbeTarget, failure: { kind: ProbeKind; message: string }): void
}

export function createProber(options: ProberOptions): Prober {
  const byPod = new Map<Uid, ReadonlyMap<ContainerId, ContainerProbes>>()
  const byContainer = new Map<ContainerId, ContainerProbes>()
  return {
    probe(podUid, targets) {
      const before = byPod.get(podUid)
      const next = new Map<ContainerId, ContainerProbes>()
      for (const target of targets) {
        if (probesOf(target).length === 0) continue
        const known = before?.get(target.containerId)
        known?.follow(target)
        next.set(target.containerId, known ?? new ContainerProbes(target, options))
      }
      for (const [id, probes] of before ?? []) {
        if (next.has(id)) continue
        probes.end()
        byContainer.delete(id)
      }
      for (const [id, probes] of next) byContainer.set(id, probes)
      if (next.size > 0) byPod.set(podUid, next)
      else byPod.delete(podUid)
    },
    verdicts: id => byContainer.get(id)?.verdicts(),
    close() {
      for (const probes of byContainer.values()) probes.end()
      byContainer.clear()
      byPod.clear()
    },
  }
}

function probesOf({ container }: ProbeTarget): { kind: ProbeKind; probe: Probe }[] {
  const { startupProbe, readinessProbe, livenessProbe } = container
  return [
    ...(startupProbe ? [{ kind: 'startup' as const, probe: startupProbe }] : []),
    ...(readinessProbe ? [{ kind: 'readiness' as const, probe: readinessProbe }] : []),
    ...(livenessProbe ? [{ kind: 'liveness' as const, probe: livenessProbe }] : []),
  ]
}

/** One probe of a run, from its first try on. */
interface Course {
  readonly kind: ProbeKind
  readonly probe: Probe
  state: ProbeState
  countedAt: number
  eager: number
  /** Tried more often than its period, until it first succeeds. */
  isEager: boolean
  timer: NodeJS.Timeout | undefined
  told: string | undefined
}

/** The probes of one run of a container. */
class ContainerProbes {
  #target: ProbeTarget
  readonly #options: ProberOptions
  readonly #ended = new AbortController()
  readonly #courses: readonly Course[]

  constructor(target: ProbeTarget, options: ProberOptions) {
    this.#target = target
    this.#options = options
    this.#courses = probesOf(target).map(({ kind, probe }) => beginCourse(kind, { probe, target }))
    this.#beginDue()
  }

  /** The same run, at another address. */
  follow(target: ProbeTarget): void {
    this.#target = target
  }

  verdicts(): Verdicts {
    const unhealthy = this.#courses.find(({ kind, state, probe }) => asksForRestart(kind, { state, probe }))?.kind
    return {
      started: this.#passes('startup'),
      ready: this.#passes('readiness'),
      unhealthy: unhealthy === 'readiness' ? undefined : unhealthy,
    }
  }

  end(): void {
    this.#ended.abort()
    for (const course of this.#courses) clearTimeout(course.timer)
  }

  #passes(kind: ProbeKind): boolean {
    return this.#courses.find(course => course.kind === kind)?.state.passing ?? true
  }

  /** The startup probe runs alone until it passes, and then no more. */
  #beginDue(): void {
    const started = this.#passes('startup')
    for (const course of this.#courses) {
      if (course.timer === undefined && (course.kind === 'startup') !== started)
        this.#schedule(course, course.countedAt)
    }
  }

  #schedule(course: Course, at: number): void {
    // Settled here, since a timer may ring some milliseconds early.
    const counts = at >= course.countedAt
    course.timer = setTimeout(() => void this.#try(course, counts), Math.max(0, at - this.#options.now()))
  }

  async #try(course: Course, counts: boolean): Promise<void> {
    const { kind, probe } = course
    const before = this.verdicts()
    const { ok, message } = await check(probe, this.#target, this.#ended.signal)
    if (this.#ended.signal.aborted) return
    const now = this.#options.now()
    // A try that took longer than the period is followed at once by the next, not by all that it missed.
    if (counts) course.countedAt = Math.max(course.countedAt + probe.periodSeconds * 1000, now)
    else course.eager++
    if (ok || counts) course.state = judge(course.state, { ok, probe })
    if (ok) course.isEager = false
    if (ok) course.told = undefined
    else if (counts) this.#tell(course, message)
    this.#changed(before)
    if (kind !== 'startup' || !course.state.passing)
      this.#schedule(course, nextTry(course, { now, isEager: course.isEager }))
    this.#beginDue()
  }

  /** The same failure is told once until the probe succeeds again or fails otherwise. */
  #tell(course: Course, message: string): void {
    if (course.told !== message) this.#options.onFailure(this.#target, { kind: course.kind, message })
    course.told = message
  }

  #changed(before: Verdicts): void {
    const after = this.verdicts()
    const same =
      before.started === after.started && before.ready === after.ready && before.unhealthy === after.unhealthy
    if (!same) this.#options.onChange(this.#target.podUid)
  }
}

function beginCourse(kind: ProbeKind, { probe, target }: { probe: Probe; target: ProbeTarget }): Course {
  const wasPassing = target.found !== undefined && (kind === 'startup' ? target.found.started : target.found.ready)
  const state = initialState(kind)
  return {
    kind,
    probe,
    state: { ...state, passing: state.passing || wasPassing },
    countedAt: target.startedAt + probe.initialDelaySeconds * 1000,
    eager: 0,
    isEager: mayBeEager(kind, probe) && !wasPassing,
    timer: undefined,
    told: undefined,
  }
}
