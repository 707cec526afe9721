interface Entry {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** The virtual clock: what is to happen, and when. At equal times, in the order in which it was planned. */
export class Schedule {
  now: number
  #order = 0
  #entries: Entry[] = []

  constructor(start: number) {
    this.now = start
  }

  after(delayMs: number, run: () => void): void {
    const entry = { at: this.now + Math.max(0, delayMs), order: this.#order++, run }
    let at = this.#entries.length
    // From the end, since most things are planned for later than most others.
    while (at > 0 && isLater(this.#entries[at - 1], entry)) at -= 1
    this.#entries.splice(at, 0, entry)
  }

  /** Runs everything that is planned up to a time, and what that plans in turn. */
  runUntil(time: number): void {
    for (let next = this.#entries[0]; next && next.at <= time; next = this.#entries[0]) {
      this.#entries.shift()
      this.now = next.at
      next.run()
    }
    this.now = time
  }
}

function isLater(a: Entry | undefined, b: Entry): boolean {
  return a !== undefined && (a.at > b.at || (a.at === b.at && a.order > b.order))
}
