/** Keys in the order in which they were first added; one that waits already keeps its place. */
export class KeyQueue {
  readonly #keys = new Set<string>()
  /**
   * One iterator for good: a new one would pass over all that was taken before, since a Set keeps the places of what was
   * deleted. It never ends, because it is not asked when nothing is left.
   */
  readonly #front = this.#keys.values()

  add(key: string): void {
    this.#keys.add(key)
  }

  take(): string | undefined {
    if (this.#keys.size === 0) return undefined
    const key: string | undefined = this.#front.next().value
    if (key !== undefined) this.#keys.delete(key)
    return key
  }
}
