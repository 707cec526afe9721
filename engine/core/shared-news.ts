import { describeRef, type Ref } from '../api/reference.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { urgencyOf } from './urgency.ts'

/** The least time between two words to all nodes that can wait, in milliseconds. */
const leastPause = 100
/** What an object told to a node costs, in milliseconds: words that can wait take half of the engine's time at most. */
const cost = 0.02
/** How long a change waits that no traffic depends on. */
const leisure = 1_000

/**
 * What all nodes are yet to hear of. A word to all costs a message a node, so changes that come fast share one: else
 * thousands of pods that become ready together keep engine and agents busy for minutes. What traffic must leave waits for
 * nothing, and takes along nothing that can wait.
 */
export class SharedNews {
  readonly #urgent = new Map<string, Ref>()
  readonly #waiting = new Map<string, Ref>()
  /** Of what came since the last look: something is to be told after the pause, or at leisure. */
  #soon = false
  #later = false
  #dueAt = Number.POSITIVE_INFINITY
  /** When the pause after the last word is over. */
  #freeAt = Number.NEGATIVE_INFINITY
  #now = 0

  add(change: ObjectChange): void {
    const id = describeRef(change.ref)
    const urgency = urgencyOf(change)
    if (urgency === 'now') this.#urgent.set(id, change.ref)
    else this.#waiting.set(id, change.ref)
    if (urgency === 'soon') this.#soon = true
    if (urgency === 'later') this.#later = true
  }

  /** Whether something is to be told now, and when what waits is. */
  look(now: number): { readonly due: boolean; readonly wakeAt: number | undefined } {
    // The first that comes after a pause is told at once.
    if (this.#soon) this.#dueAt = Math.min(this.#dueAt, Math.max(now, this.#freeAt))
    if (this.#later) this.#dueAt = Math.min(this.#dueAt, now + leisure)
    this.#soon = false
    this.#later = false
    this.#now = now
    const ripe = this.#dueAt <= now
    return { due: ripe || this.#urgent.size > 0, wakeAt: ripe || this.#waiting.size === 0 ? undefined : this.#dueAt }
  }

  /** What so many nodes are to be told now. */
  take(nodes: number): ReadonlyMap<string, Ref> {
    const ripe = this.#dueAt <= this.#now
    const refs = new Map([...this.#urgent, ...(ripe ? this.#waiting : [])])
    for (const id of refs.keys()) this.#waiting.delete(id)
    this.#urgent.clear()
    if (this.#waiting.size === 0) this.#dueAt = Number.POSITIVE_INFINITY
    if (ripe) this.#freeAt = this.#now + Math.max(leastPause, refs.size * nodes * cost)
    return refs
  }
}
