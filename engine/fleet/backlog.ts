/**
 * What an agent is still to be told. While it reads slowly, deltas are folded into one: of each object the latest word
 * counts. So it holds no more than the node's view of the cluster, and those objects are the cluster's own.
 */
import { describeRef, refOf } from '../api/reference.ts'
import type { Ref } from '../api/reference.ts'
import type { KubeObject } from '../api/types.ts'
import type { AssignmentDelta } from '../protocol/session.ts'

export class Backlog {
  #full = false
  #resourceVersion: number | undefined
  readonly #put = new Map<string, KubeObject>()
  readonly #delete = new Map<string, Ref>()

  add(delta: AssignmentDelta): void {
    if (delta.full) {
      this.#full = true
      this.#put.clear()
      this.#delete.clear()
    }
    for (const object of delta.put) {
      const id = describeRef(refOf(object))
      this.#delete.delete(id)
      this.#put.set(id, object)
    }
    for (const ref of delta.delete) {
      const id = describeRef(ref)
      this.#put.delete(id)
      // What a full delta does not name is gone anyway.
      if (!this.#full) this.#delete.set(id, ref)
    }
    this.#resourceVersion = delta.resourceVersion
  }

  /** All of it; undefined where there is nothing. */
  take(): AssignmentDelta | undefined {
    if (this.#resourceVersion === undefined) return undefined
    const delta: AssignmentDelta = {
      full: this.#full,
      resourceVersion: this.#resourceVersion,
      put: [...this.#put.values()],
      delete: [...this.#delete.values()],
    }
    this.#full = false
    this.#resourceVersion = undefined
    this.#put.clear()
    this.#delete.clear()
    return delta
  }
}
