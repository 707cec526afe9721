import type { Key } from '../../api/reference.ts'
import type { Ailment } from './verdict.ts'

/** Of a release, how many of its objects are not well, and how many of these are broken. */
export interface ReleaseAilments {
  readonly ailing: number
  readonly failed: number
}

const none: ReleaseAilments = { ailing: 0, failed: 0 }

/** What ails an object, and the release that it belongs to. */
interface Noted extends Ailment {
  readonly release: Key | undefined
}

/** Why desired objects are not well, in the order of what the objects are called. */
export class Ailments {
  readonly #byObject = new Map<string, Noted>()
  readonly #byRelease = new Map<Key, ReleaseAilments>()
  /** Sorted: objects come and go one by one, so that it costs less to keep the order than to make it. */
  readonly #objects: string[] = []
  #failed = 0

  /** Notes what ails an object now; undefined: nothing. Returns the releases to which that is news; undefined where it is none. */
  note(object: string, ailment: Noted | undefined): readonly Key[] | undefined {
    const before = this.#byObject.get(object)
    const isOld =
      before?.words === ailment?.words && before?.failed === ailment?.failed && before?.release === ailment?.release
    if (isOld) return undefined
    if (ailment) this.#byObject.set(object, ailment)
    else this.#byObject.delete(object)
    if (!before) this.#objects.splice(this.#placeOf(object), 0, object)
    else if (!ailment) this.#objects.splice(this.#placeOf(object), 1)
    if (before) this.#count(before, -1)
    if (ailment) this.#count(ailment, 1)
    return [before?.release, ailment?.release].flatMap(release => release ?? [])
  }

  of(release: Key): ReleaseAilments {
    return this.#byRelease.get(release) ?? none
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

  #count({ release, failed: isFailed }: Noted, sign: 1 | -1): void {
    const more = isFailed ? sign : 0
    this.#failed += more
    if (release === undefined) return
    const { ailing, failed } = this.of(release)
    if (ailing + sign === 0) this.#byRelease.delete(release)
    else this.#byRelease.set(release, { ailing: ailing + sign, failed: failed + more })
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
