import type { ContainerId } from '../runtime/runtime.ts'
import { type Backoff, nextBackoff } from './backoff.ts'
import type { Failure } from './decide.ts'
import { type Busy, type PodAction, type Target, targetOf } from './decision.ts'

interface Retry {
  readonly firstMs: number
  readonly longestMs: number
}

/** A container's failures are often an image's or a person's to mend; the others pass by themselves. */
const startRetry: Retry = { firstMs: 10_000, longestMs: 300_000 }
const otherRetry: Retry = { firstMs: 1_000, longestMs: 30_000 }

/** What is under way for one pod, what failed, and when it may be tried again. */
export class Work {
  readonly busy = new Map<Target, Busy>()
  readonly failures = new Map<Target, Failure>()
  readonly backoffs = new Map<Target, Backoff>()
  /** When the stop that is under way kills. */
  readonly kills = new Map<ContainerId, number>()
  readonly #underWay = new Set<PodAction>()
  readonly #tries = new Map<Target, number>()

  begin(action: PodAction, now: number): void {
    const target = targetOf(action)
    this.#underWay.add(action)
    this.busy.set(target, action.kind === 'startContainer' ? 'pullImage' : action.kind)
    if (action.kind === 'stopContainer') this.kills.set(action.id, now + action.graceSeconds * 1000)
    if (action.kind === 'startContainer' && action.failedAt !== undefined) {
      this.backoffs.set(target, nextBackoff(this.backoffs.get(target), { failedAt: action.failedAt, now }))
    }
  }

  /** From here on something of the container exists. */
  pulled(container: Target): void {
    this.busy.set(container, 'startContainer')
  }

  succeed(action: PodAction): void {
    this.failures.delete(targetOf(action))
    this.#tries.delete(targetOf(action))
    this.#end(action)
  }

  fail(action: PodAction, { now, ...why }: { reason: string; message: string; now: number }): void {
    const target = targetOf(action)
    const { firstMs, longestMs } = action.kind === 'startContainer' ? startRetry : otherRetry
    const tries = this.#tries.get(target) ?? 0
    this.#tries.set(target, tries + 1)
    this.failures.set(target, { ...why, failedAt: now, retryAt: now + Math.min(firstMs * 2 ** tries, longestMs) })
    this.#end(action)
  }

  /** True while something is under way that changes what a listing shows. */
  get isChanging(): boolean {
    return [...this.busy.values()].some(busy => busy !== 'pullImage' && busy !== 'stopContainer')
  }

  #end(action: PodAction): void {
    const target = targetOf(action)
    this.#underWay.delete(action)
    // A stop that shortens another ends along with it.
    if ([...this.#underWay].some(other => targetOf(other) === target)) return
    this.busy.delete(target)
    if (action.kind === 'stopContainer') this.kills.delete(action.id)
  }
}
