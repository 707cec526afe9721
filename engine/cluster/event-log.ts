import { keyOf, type Key, splitKey } from '../api/reference.ts'
import { templateHash } from '../api/stable.ts'
import { toTime } from '../api/time.ts'
import type { Event, KubeObject } from '../api/types.ts'
import type { Change } from './view.ts'

type EventChange = Extract<Change, { kind: 'event' }>

const keptForMs = 3_600_000
/** As many as fit in a few megabytes; the oldest go first. */
const keptAtMost = 5_000

/** The order in which Events fall due: by their last occurrence. */
export class EventLog {
  readonly #lastSeen = new Map<Key, number>()

  seen(key: Key, now: number): void {
    // Taken out and put back, so that the map stays in the order of the last occurrence.
    this.#lastSeen.delete(key)
    this.#lastSeen.set(key, now)
  }

  forget(key: Key): void {
    this.#lastSeen.delete(key)
  }

  /** Events that nobody needs any more: an hour old, or too many. */
  expired(now: number): Key[] {
    const keys: Key[] = []
    let excess = this.#lastSeen.size - keptAtMost
    for (const [key, at] of this.#lastSeen) {
      if (excess <= 0 && now - at < keptForMs) break
      keys.push(key)
      excess -= 1
    }
    return keys
  }

  /** When the next Event falls due. */
  wakeAt(): number | undefined {
    const [oldest] = this.#lastSeen.values()
    return oldest === undefined ? undefined : oldest + keptForMs
  }
}

/** The key of an Event: the same occurrence again has the same key, which is how occurrences are counted. */
export function eventKey(change: EventChange, involved: KubeObject | undefined): Key {
  const { name, namespace = 'default' } = splitKey(change.ref.key)
  const { type, reason, message, component, ref } = change
  return keyOf(
    `${name}.${templateHash({ type, reason, message, component, kind: ref.kind, uid: involved?.metadata.uid })}`,
    namespace,
  )
}

export function nextEvent(
  change: EventChange,
  {
    key,
    before,
    involved,
    now,
  }: { key: Key; before: Event | undefined; involved: KubeObject | undefined; now: number },
): Event {
  if (before) return { ...before, count: before.count + 1, lastTimestamp: toTime(now) }
  const about = splitKey(change.ref.key)
  const { name, namespace = 'default' } = splitKey(key)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: {
      kind: involved?.kind ?? change.ref.kind,
      name: about.name,
      ...(involved === undefined ? {} : { apiVersion: involved.apiVersion }),
      ...(about.namespace === undefined ? {} : { namespace: about.namespace }),
      ...(involved?.metadata.uid === undefined ? {} : { uid: involved.metadata.uid }),
    },
    type: change.type,
    reason: change.reason,
    message: change.message,
    count: 1,
    firstTimestamp: toTime(now),
    lastTimestamp: toTime(now),
    source: { component: change.component },
    reportingComponent: change.component,
  }
}
