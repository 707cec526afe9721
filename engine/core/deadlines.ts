interface Entry {
  readonly item: string
  readonly at: number
}

/** Moments at which items fall due, one an item: a heap, so that the next one is always at hand. */
export class Deadlines {
  readonly #current = new Map<string, number>()
  /** The earliest first; entries that an item's later deadline overtook are passed over. */
  readonly #heap: Entry[] = []

  set(item: string, at: number | undefined): void {
    if (this.#current.get(item) === at) return
    if (at === undefined) {
      this.#current.delete(item)
      return
    }
    this.#current.set(item, at)
    this.#push({ item, at })
  }

  next(): number | undefined {
    this.#dropOvertaken()
    return this.#heap[0]?.at
  }

  /** Takes out what is due, the earliest first. */
  due(now: number): string[] {
    const items: string[] = []
    for (;;) {
      this.#dropOvertaken()
      const first = this.#heap[0]
      if (!first || first.at > now) return items
      this.#current.delete(first.item)
      this.#pop()
      items.push(first.item)
    }
  }

  #dropOvertaken(): void {
    for (let first = this.#heap[0]; first && this.#current.get(first.item) !== first.at; first = this.#heap[0]) {
      this.#pop()
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (!above || !isBefore(entry, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      const smaller = right && left && isBefore(right, left) ? right : left
      if (!smaller || !isBefore(smaller, last)) break
      heap[at] = smaller
      at = smaller === right ? 2 * at + 2 : 2 * at + 1
    }
    heap[at] = last
  }
}

/** By time, then by name: the order does not depend on how the entries came in. */
function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.item < b.item)
}
