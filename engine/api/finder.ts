import { changedRanges } from './changed-ranges.ts'

/**
 * Those items of a list that are so. Asked again for a list that is nearly the same, it looks only at what differs: of the few
 * among thousands each commit wants to know, and to look at all of them is most of what an edit of one would cost. In no
 * order: a list in order, as the renderer's FlatMap keeps it, is copied for each edit, which doubles what one costs at 50,000.
 */
export class Finder<Item> {
  readonly #isSo: (item: Item) => boolean
  #list: readonly Item[] = []
  readonly #found = new Set<Item>()

  constructor(isSo: (item: Item) => boolean) {
    this.#isSo = isSo
  }

  in(list: readonly Item[]): ReadonlySet<Item> {
    const ranges = [...changedRanges(this.#list, list)]
    for (const { oldStart, oldEnd } of ranges) {
      for (let at = oldStart; at < oldEnd; at++) this.#found.delete(this.#list[at] as Item)
    }
    // What only moved went first and comes back.
    for (const { newStart, newEnd } of ranges) {
      for (let at = newStart; at < newEnd; at++) if (this.#isSo(list[at] as Item)) this.#found.add(list[at] as Item)
    }
    this.#list = list
    return this.#found
  }
}
