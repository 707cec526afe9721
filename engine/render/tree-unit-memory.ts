import type { TreeResult } from './tree-result.ts'

/** A unit's result, which holds for as long as what it looked for has these ids: one for each path of `asked`. */
export interface Kept<Result extends TreeResult> {
  readonly result: Result
  readonly ids: readonly string[]
}

/** So many results of one unit are kept: for the applied commit and a few that were pushed or reverted. */
const remembered = 4

/** The units of one tree by their keys, each with results that it gave in earlier trees, and who read which path. */
export class TreeUnitMemory<Result extends TreeResult> {
  readonly #kept = new Map<string, readonly Kept<Result>[]>()
  readonly #readers = new Map<string, Set<string>>()

  get size(): number {
    return this.#kept.size
  }

  keys(): Iterable<string> {
    return this.#kept.keys()
  }

  /** The newest first: that one holds for the tree. */
  get(key: string): readonly Kept<Result>[] {
    return this.#kept.get(key) ?? []
  }

  /** The keys of the units that looked for one of the paths. */
  readersOf(paths: Iterable<string>): ReadonlySet<string> {
    const keys = new Set<string>()
    for (const path of paths) for (const key of this.#readers.get(path) ?? []) keys.add(key)
    return keys
  }

  put(key: string, kept: Kept<Result>): void {
    const others = this.get(key).filter(each => each !== kept)
    this.forget(key)
    this.#kept.set(key, [kept, ...others].slice(0, remembered))
    for (const path of kept.result.asked) {
      const readers = this.#readers.get(path)
      if (readers === undefined) this.#readers.set(path, new Set([key]))
      else readers.add(key)
    }
  }

  forget(key: string): void {
    const [newest] = this.get(key)
    this.#kept.delete(key)
    for (const path of newest?.result.asked ?? []) {
      const readers = this.#readers.get(path)
      readers?.delete(key)
      if (readers?.size === 0) this.#readers.delete(path)
    }
  }
}
