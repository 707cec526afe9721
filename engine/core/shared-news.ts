import { describeRef, type Ref } from '../api/reference.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { type Urgency, urgencyOf } from './urgency.ts'

/** The least time between two words to all nodes that can wait, in milliseconds. */
const pause = 100
/** How long a change waits that no traffic depends on. */
const leisure = 1_000

/**
 * What all nodes are yet to hear of. A word to all costs a message a node, so changes that come fast share one: else
 * thousands of pods that become ready together keep the engine busy for minutes.
 */
export class SharedNews {
  readonly #refs = new Map<string, Ref>()
  /** How urgent what came since the last look is. */
  readonly #fresh = new Set<Urgency>()
  #dueAt = Number.POSITIVE_INFINITY
  #toldAt = Number.NEGATIVE_INFINITY
  #now = 0
  #resourceVersion: number | undefined

  /** The resourceVersion before the first of it; undefined where there is nothing. */
  get resourceVersion(): number | undefined {
    return this.#resourceVersion
  }

  add(change: ObjectChange): void {
    this.#resourceVersion ??= change.resourceVersion - 1
    this.#refs.set(describeRef(change.ref), change.ref)
    this.#fresh.add(urgencyOf(change))
  }

  /** When it is to be told; what is due stays so until it is taken. Undefined where there is nothing. */
  dueAt(now: number): number | undefined {
    for (const urgency of this.#fresh) this.#dueAt = Math.min(this.#dueAt, this.#dueOf(urgency, now))
    this.#fresh.clear()
    this.#now = now
    return this.#refs.size === 0 ? undefined : this.#dueAt
  }

  take(): ReadonlyMap<string, Ref> {
    const refs = new Map(this.#refs)
    this.#refs.clear()
    this.#resourceVersion = undefined
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#toldAt = this.#now
    return refs
  }

  #dueOf(urgency: Urgency, now: number): number {
    switch (urgency) {
      case 'now':
        return now
      // The first that comes after a pause is told at once.
      case 'soon':
        return Math.max(now, this.#toldAt + pause)
      case 'later':
        return now + leisure
    }
  }
}
