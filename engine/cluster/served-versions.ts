/**
 * How many proxies serve each resourceVersion, and the least of them. Most proxies serve one of a few versions, since most are
 * told the same at once: the least is looked for only when the last of those that serve it moved on.
 */
export class ServedVersions {
  readonly #counts = new Map<number, number>()
  /** Undefined where it is to be looked for. */
  #least: number | undefined

  add(version: number): void {
    this.#counts.set(version, (this.#counts.get(version) ?? 0) + 1)
    if (this.#least !== undefined && version < this.#least) this.#least = version
  }

  remove(version: number): void {
    const left = (this.#counts.get(version) ?? 0) - 1
    if (left > 0) {
      this.#counts.set(version, left)
      return
    }
    this.#counts.delete(version)
    if (version === this.#least) this.#least = undefined
  }

  /** Undefined where there is no proxy. */
  least(): number | undefined {
    if (this.#least !== undefined) return this.#least
    for (const version of this.#counts.keys()) {
      if (this.#least === undefined || version < this.#least) this.#least = version
    }
    return this.#least
  }
}
