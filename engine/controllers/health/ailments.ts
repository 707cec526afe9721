import type { Ailment } from './verdict.ts'

/** Why desired objects are not well, in the order of what the objects are called. */
export class Ailments {
  readonly #byObject = new Map<string, Ailment>()
  /** Sorted: objects come and go one by one, so that it costs less to keep the order than to make it. */
  readonly #objects: string[] = []
  #failed = 0

  /** Notes what ails an object now; undefined: nothing. Returns whether that is news. */
  note(object: string, ailment: Ailment | undefined): boolean {
    const before = this.#byObject.get(object)
    if (before?.words === ailment?.words && before?.failed === ailment?.failed) return false
    if (ailment) this.#byObject.set(object, ailment)
    else this.#byObject.delete(object)
    if (!before) this.#objects.splice(this.#placeOf(object), 0, object)
    else if (!ailment) this.#objects.splice(this.#placeOf(object), 1)
    this.#failed += (ailment?.failed === true ? 1 : 0) - (before?.failed === true ? 1 : 0)
    return true
  }

  has(object: string): boolean {
    return this.#byObject.has(object)
  }

  get size(): number {
    return this.#objects.length
  }

  /** How many are broken, rather than on their way. */
  get failed(): number {
    return this.#failed
  }

  /** The words for the first `limit`, and how many more there are. */
  words(limit: number): readonly string[] {
    const words = this.#objects.slice(0, limit).flatMap(object => this.#byObject.get(object)?.words ?? [])
    return this.size > limit ? [...words, `and ${this.size - limit} more`] : words
  }

  #placeOf(object: string): number {
    let [from, to] = [0, this.#objects.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#objects[middle] ?? '') < object) from = middle + 1
      else to = middle
    }
    return from
  }
}
