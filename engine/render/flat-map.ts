import { type ChangedRange, changedRanges } from '../api/changed-ranges.ts'

/**
 * `flatMap` of a list that is nearly the same each time: only what came is read anew. While nothing differs, the very
 * list of before is given, so that whoever reads that need not look at it again either.
 */
export class FlatMap<From, Item> {
  readonly #read: (from: From) => readonly Item[]
  #from: readonly From[] = []
  /** How many items each gave. */
  #counts: readonly number[] = []
  #items: readonly Item[] = []

  constructor(read: (from: From) => readonly Item[]) {
    this.#read = read
  }

  of(from: readonly From[]): readonly Item[] {
    const ranges = [...changedRanges(this.#from, from)]
    if (ranges.length > 0) this.#change(from, ranges)
    this.#from = from
    return this.#items
  }

  #change(from: readonly From[], ranges: readonly ChangedRange[]): void {
    const counts: (readonly number[])[] = []
    const items: (readonly Item[])[] = []
    let [read, given] = [0, 0]
    const keep = (end: number): void => {
      const same = this.#counts.slice(read, end)
      const next = same.reduce((sum, count) => sum + count, given)
      counts.push(same)
      items.push(this.#items.slice(given, next))
      read = end
      given = next
    }
    for (const { oldStart, oldEnd, newStart, newEnd } of ranges) {
      keep(oldStart)
      const come = from.slice(newStart, newEnd).map(this.#read)
      counts.push(come.map(each => each.length))
      items.push(...come)
      given = this.#counts.slice(oldStart, oldEnd).reduce((sum, count) => sum + count, given)
      read = oldEnd
    }
    keep(this.#counts.length)
    this.#counts = joined(counts)
    this.#items = joined(items)
  }
}

/** Ten times as fast as `flat` for few lists that are long. */
export function joined<Item>(lists: readonly (readonly Item[])[]): readonly Item[] {
  const items: Item[] = []
  for (const list of lists) for (const item of list) items.push(item)
  return items
}
