/** The timers of all pods: one alarm a key, and one owner who ends them. */
export class Alarms {
  readonly #timers = new Map<string, NodeJS.Timeout>()

  /** Replaces the key's alarm; undefined ends it. */
  set(key: string, delayMs: number | undefined, ring: () => void): void {
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
    if (delayMs === undefined) return
    const timer = setTimeout(
      () => {
        this.#timers.delete(key)
        ring()
      },
      Math.min(Math.max(0, delayMs), longestDelayMs),
    )
    this.#timers.set(key, timer)
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}

/** What setTimeout can hold: whoever is woken early looks again and waits on. */
const longestDelayMs = 2 ** 31 - 1
