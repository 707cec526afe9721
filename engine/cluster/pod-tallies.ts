import { once } from '../api/once.ts'
import { canonicalJson } from '../api/stable.ts'
import type { Labels, Pod, Uid } from '../api/types.ts'
import { controllerOf } from './objects/ownership.ts'
import { isActive, isReady } from './objects/pod-state.ts'

/** What those of a controller's pods come to that have the same labels. */
export interface PodTally {
  readonly labels: Labels | undefined
  readonly pods: number
  /** Neither ended nor told to stop. */
  readonly active: number
  /** Active, and Ready. */
  readonly ready: number
}

/** Of every controller's pods, counted change by change: what becomes of one of thousands costs no look at the others. */
export class PodTallies {
  readonly #byOwner = new Map<Uid, Map<string, PodTally>>()

  /** One for each set of labels: mostly one. */
  of(owner: Uid): readonly PodTally[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])]
  }

  follow(before: Pod | undefined, after: Pod | undefined): void {
    if (after) this.#count(after, 1)
    if (before) this.#count(before, -1)
  }

  #count(pod: Pod, by: 1 | -1): void {
    const owner = controllerOf(pod)?.uid
    if (owner === undefined) return
    const { labels } = pod.metadata
    const id = labels === undefined ? '' : textOf(labels)
    const tallies = this.#byOwner.get(owner) ?? new Map<string, PodTally>()
    const { pods, active, ready } = tallies.get(id) ?? { pods: 0, active: 0, ready: 0 }
    const activeBy = isActive(pod) ? by : 0
    const next = { labels, pods: pods + by, active: active + activeBy, ready: ready + (isReady(pod) ? activeBy : 0) }
    if (next.pods > 0) tallies.set(id, next)
    else tallies.delete(id)
    if (tallies.size > 0) this.#byOwner.set(owner, tallies)
    else this.#byOwner.delete(owner)
  }
}

const textOf = once((labels: Labels) => canonicalJson(labels))
