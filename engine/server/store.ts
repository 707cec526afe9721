import type { CoreKind, Kinds, KubeObject } from '../api/types.ts'
import type { Key, KindKey } from '../api/reference.ts'
import { refOf } from '../api/reference.ts'
import type { ObjectChange } from '../cluster/view.ts'

/**
 * What has been published: the newest recorded state, and per kind the last changes that led to it. Objects are
 * immutable and shared with the cluster. A watch keeps no queue of its own, only its place among those changes: however
 * slow a watcher is, it costs nothing, and once its place has been dropped it is told so.
 */
export interface Store {
  /** The resourceVersion of the last published change. */
  readonly resourceVersion: number
  /** Takes changes in the order of their resourceVersions. */
  publish(changes: readonly ObjectChange[]): void
  /** Replaces everything, at start. Watches from before `oldestWatchable` cannot be continued. */
  restore(objects: Iterable<KubeObject>, version: { resourceVersion: number; oldestWatchable: number }): void
  get<K extends CoreKind>(kind: K, key: Key): Kinds[K] | undefined
  get(kind: KindKey, key: Key): KubeObject | undefined
  /** Sorted by key. */
  list<K extends CoreKind>(kind: K, namespace?: string): readonly Kinds[K][]
  list(kind: KindKey, namespace?: string): readonly KubeObject[]
  /** The list as it was at a resourceVersion; undefined where the changes since then are no longer kept. */
  listAt(kind: KindKey, at: { resourceVersion: number; namespace?: string }): readonly KubeObject[] | undefined
  /** The kinds of which there is or was an object, sorted. */
  kinds(): readonly KindKey[]
  /** Follows a kind from a resourceVersion on; undefined where the changes since then are no longer kept. */
  watch(kind: KindKey, options: WatchOptions): ChangeCursor | undefined
  /** Resolves with true once the store is at this resourceVersion, with false when the time has run out. */
  reached(resourceVersion: number, options: { timeoutMs: number }): Promise<boolean>
}

export interface WatchOptions {
  /** The resourceVersion that the watcher knows already. */
  readonly after: number
  /** Called when there is something to read. */
  readonly wake: () => void
}

export interface ChangeCursor {
  /** The next changes, at most `limit`; `expired` once some were dropped unread. */
  read(limit: number): readonly ObjectChange[] | 'expired'
  isExpired(): boolean
  end(): void
}

/** One kind's objects, and the last changes that led to them. */
interface Shelf {
  readonly objects: Map<Key, KubeObject>
  /** The keys of `objects`, sorted. */
  readonly keys: Key[]
  readonly changes: ObjectChange[]
  /** How many changes were dropped from the front of `changes`: places among changes count those too. */
  dropped: number
  /** A watch may start at this resourceVersion or later. */
  oldestWatchable: number
  readonly watchers: Set<() => void>
}

/** @param options.watchBuffer how many changes of a kind are kept, at least. */
export function createStore(options: { watchBuffer?: number } = {}): Store {
  const kept = options.watchBuffer ?? 5_000
  const shelves = new Map<KindKey, Shelf>()
  const waiting = new Set<{ readonly resourceVersion: number; readonly reached: () => void }>()
  let resourceVersion = 0
  let oldestWatchable = 0

  function shelf(kind: KindKey): Shelf {
    const known = shelves.get(kind)
    if (known !== undefined) return known
    const made = emptyShelf(oldestWatchable)
    shelves.set(kind, made)
    return made
  }

  const store: Store = {
    get resourceVersion() {
      return resourceVersion
    },

    publish(changes) {
      const touched = new Set<Shelf>()
      for (const change of changes) {
        const its = shelf(change.ref.kind)
        apply(its, change.ref.key, change.after)
        its.changes.push(change)
        touched.add(its)
        resourceVersion = Math.max(resourceVersion, change.resourceVersion)
      }
      for (const its of touched) {
        dropOld(its, kept)
        for (const wake of its.watchers) wake()
      }
      for (const waiter of waiting) if (waiter.resourceVersion <= resourceVersion) waiter.reached()
    },

    restore(objects, version) {
      resourceVersion = version.resourceVersion
      oldestWatchable = version.oldestWatchable
      for (const its of shelves.values()) clear(its, oldestWatchable)
      for (const object of objects) {
        const { kind, key } = refOf(object)
        shelf(kind).objects.set(key, object)
      }
      for (const its of shelves.values()) its.keys.push(...[...its.objects.keys()].sort())
      for (const its of shelves.values()) for (const wake of its.watchers) wake()
    },

    get(kind: KindKey, key: Key) {
      // The shelf of a kind holds that kind only, which is what the overloads of the interface say.
      return shelves.get(kind)?.objects.get(key) as never
    },

    list(kind: KindKey, namespace?: string) {
      const its = shelves.get(kind)
      return (its === undefined ? [] : objectsOf(its, namespace)) as never
    },

    listAt(kind, at) {
      const its = shelf(kind)
      if (at.resourceVersion < its.oldestWatchable) return undefined
      const first = firstAfter(its.changes, at.resourceVersion)
      const now = objectsOf(its, at.namespace)
      return first === its.changes.length ? now : undo(now, its.changes.slice(first), at.namespace)
    },

    kinds: () => [...shelves.keys()].sort(),

    watch(kind, { after, wake }) {
      const its = shelf(kind)
      if (after < its.oldestWatchable) return undefined
      let place = its.dropped + firstAfter(its.changes, after)
      its.watchers.add(wake)
      return {
        read(limit) {
          if (place < its.dropped) return 'expired'
          const from = place - its.dropped
          const changes = its.changes.slice(from, from + limit)
          place += changes.length
          return changes
        },
        isExpired: () => place < its.dropped,
        end: () => void its.watchers.delete(wake),
      }
    },

    reached(wanted, { timeoutMs }) {
      if (wanted <= resourceVersion) return Promise.resolve(true)
      return new Promise(resolve => {
        const settle = (result: boolean): void => {
          clearTimeout(timer)
          waiting.delete(waiter)
          resolve(result)
        }
        const timer = setTimeout(settle, timeoutMs, false)
        const waiter = { resourceVersion: wanted, reached: () => settle(true) }
        waiting.add(waiter)
      })
    },
  }
  return store
}

function emptyShelf(oldestWatchable: number): Shelf {
  return { objects: new Map(), keys: [], changes: [], dropped: 0, oldestWatchable, watchers: new Set() }
}

/** Whoever reads on after this finds their place dropped. */
function clear(shelf: Shelf, oldestWatchable: number): void {
  shelf.objects.clear()
  shelf.keys.length = 0
  shelf.dropped += shelf.changes.length + 1
  shelf.changes.length = 0
  shelf.oldestWatchable = oldestWatchable
}

function apply(shelf: Shelf, key: Key, after: KubeObject | undefined): void {
  const known = shelf.objects.has(key)
  if (after !== undefined) {
    if (!known) shelf.keys.splice(firstNotBelow(shelf.keys, key), 0, key)
    shelf.objects.set(key, after)
  } else if (known) {
    shelf.keys.splice(firstNotBelow(shelf.keys, key), 1)
    shelf.objects.delete(key)
  }
}

/** Drops in large steps, since each moves what is left: between one and two times `kept` changes stay. */
function dropOld(shelf: Shelf, kept: number): void {
  if (shelf.changes.length <= 2 * kept) return
  const gone = shelf.changes.splice(0, shelf.changes.length - kept)
  shelf.dropped += gone.length
  shelf.oldestWatchable = gone.at(-1)?.resourceVersion ?? shelf.oldestWatchable
}

function objectsOf(shelf: Shelf, namespace: string | undefined): KubeObject[] {
  // Keys of a namespace stand together, between "ns/" and "ns0": "0" is what follows "/".
  const keys =
    namespace === undefined
      ? shelf.keys
      : shelf.keys.slice(firstNotBelow(shelf.keys, `${namespace}/`), firstNotBelow(shelf.keys, `${namespace}0`))
  return keys.flatMap(key => shelf.objects.get(key) ?? [])
}

/** A list as it was before some changes: each object that they touched is as the first of them found it. */
function undo(
  now: readonly KubeObject[],
  changes: readonly ObjectChange[],
  namespace: string | undefined,
): KubeObject[] {
  const then = new Map(now.map(object => [refOf(object).key, object]))
  for (const { ref, before } of changes.toReversed()) {
    if (before === undefined) then.delete(ref.key)
    else if (namespace === undefined || before.metadata.namespace === namespace) then.set(ref.key, before)
  }
  return [...then.keys()].sort().flatMap(key => then.get(key) ?? [])
}

function firstAfter(changes: readonly ObjectChange[], resourceVersion: number): number {
  return firstWhere(changes, change => change.resourceVersion > resourceVersion)
}

function firstNotBelow(keys: readonly Key[], key: Key): number {
  return firstWhere(keys, other => other >= key)
}

/** The first index from which on the test holds, by bisection. */
function firstWhere<T>(sorted: readonly T[], holds: (item: T) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = sorted[middle]
    if (item !== undefined && holds(item)) high = middle
    else low = middle + 1
  }
  return low
}
