import type { CoreKind, Kinds, KubeObject, NodeName, Uid } from '../api/types.ts'
import type { Key, KindKey, Ref } from '../api/reference.ts'

/**
 * What the pure parts may read of the cluster. Every list is sorted by key, objects are frozen: a change replaces the
 * whole object. Lookups by index cost what they return, never the size of the cluster.
 */
export interface ClusterView {
  /** Grows with every change: while it stays, nothing that is read here changes. */
  readonly resourceVersion: number
  get<K extends CoreKind>(kind: K, key: Key): Kinds[K] | undefined
  get(kind: KindKey, key: Key): KubeObject | undefined
  list<K extends CoreKind>(kind: K, namespace?: string): readonly Kinds[K][]
  list(kind: KindKey, namespace?: string): readonly KubeObject[]
  /** The kinds of which there is at least one object, sorted. */
  kinds(): readonly KindKey[]
  /** The objects of a kind whose ownerReferences name this uid. */
  ownedBy<K extends CoreKind>(kind: K, owner: Uid): readonly Kinds[K][]
  /** Pods bound to a node. */
  podsOn(node: NodeName): readonly Kinds['Pod'][]
  /** The objects that git asks for: those with the source annotation. */
  desired(): readonly KubeObject[]
  /** How many those are, without listing them. */
  desiredCount(): number
}

/** What a pure part wants done to the cluster. */
export type Change =
  /** Creates the object, or replaces the one of that kind and key. The cluster gives uid, resourceVersion, generation. */
  | { readonly kind: 'put'; readonly object: KubeObject }
  | { readonly kind: 'delete'; readonly ref: Ref }
  | {
      readonly kind: 'event'
      readonly ref: Ref
      readonly type: 'Normal' | 'Warning'
      readonly reason: string
      readonly message: string
      readonly component: string
    }

/** Everything a decision may depend on besides the cluster. */
export interface Env {
  /** Milliseconds since 1970; never goes backward. */
  readonly now: number
  newId(): string
  /** In [0, 1). */
  random(): number
}

/** One object's step from one state to the next, as watchers, the record and agents hear of it. */
export interface ObjectChange {
  readonly ref: Ref
  /** Absent where the object is new. */
  readonly before?: KubeObject
  /** Absent where the object is gone. */
  readonly after?: KubeObject
  /** The cluster's resourceVersion after this change. */
  readonly resourceVersion: number
  /** A decision (anything but status and events) is recorded before anybody hears of it; status may follow in batches. */
  readonly decided: boolean
}
