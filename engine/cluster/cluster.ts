import { sourceAnnotation } from '../api/manifest.ts'
import { equal } from '../api/stable.ts'
import { fromTime } from '../api/time.ts'
import { labelPairs, matchesLabels, matchesSelector } from '../api/selector.ts'
import { type Key, type KindKey, type Ref, describeRef, refOf } from '../api/reference.ts'
import type { CoreKind, Event, Kinds, KubeObject, LabelSelector, NodeName, Pod, Uid } from '../api/types.ts'
import { Bucket } from './bucket.ts'
import { EventLog, eventKey, nextEvent } from './event-log.ts'
import { freeze } from './freeze.ts'
import { identified, isDecision } from './identity.ts'
import { Index } from './index.ts'
import { indexName, namesOf, selectorPlaces } from './index-names.ts'
import type { IndexedView } from './indexed-view.ts'
import type { Observer } from './observer.ts'
import { type PodTally, PodTallies } from './pod-tallies.ts'
import { Sessions } from './sessions.ts'
import { podSharing, setSharing } from './shared-structure.ts'
import type { Change, Env, ObjectChange } from './view.ts'

/**
 * Every object of the cluster, in memory. Objects are frozen and replaced whole; the indexes follow each change, so that
 * the cost of a change is that of the change, not of the cluster.
 */
export class Cluster implements IndexedView {
  readonly sessions = new Sessions()
  readonly #kinds = new Map<KindKey, Bucket>()
  readonly #index = new Index()
  readonly #tallies = new PodTallies()
  readonly #events = new EventLog()
  readonly #observers = new Map<new (cluster: Cluster) => Observer, Observer>()
  #resourceVersion: number

  constructor({ startVersion }: { readonly startVersion: number }) {
    this.#resourceVersion = startVersion
  }

  get resourceVersion(): number {
    return this.#resourceVersion
  }

  get<K extends CoreKind>(kind: K, key: Key): Kinds[K] | undefined
  get(kind: KindKey, key: Key): KubeObject | undefined
  get(kind: KindKey, key: Key): KubeObject | undefined {
    return this.#kinds.get(kind)?.get(key)
  }

  list<K extends CoreKind>(kind: K, namespace?: string): readonly Kinds[K][]
  list(kind: KindKey, namespace?: string): readonly KubeObject[]
  list(kind: KindKey, namespace?: string): readonly KubeObject[] {
    if (namespace !== undefined) return this.#index.list(indexName.namespace(kind, namespace))
    return this.#kinds.get(kind)?.list() ?? []
  }

  kinds(): readonly KindKey[] {
    return [...this.#kinds].flatMap(([kind, bucket]) => (bucket.size > 0 ? [kind] : [])).sort()
  }

  ownedBy<K extends CoreKind>(kind: K, owner: Uid): readonly Kinds[K][] {
    return this.#index.list(indexName.owner(kind, owner)) as readonly Kinds[K][]
  }

  podsOn(node: NodeName): readonly Pod[] {
    return this.#index.list(indexName.node(node)) as readonly Pod[]
  }

  podTallies(controller: Uid): readonly PodTally[] {
    return this.#tallies.of(controller)
  }

  waitingPods(owner: Uid): readonly Pod[] {
    return this.#index.list(indexName.waiting(owner)) as readonly Pod[]
  }

  desired(): readonly KubeObject[] {
    return this.#index.list(indexName.desired)
  }

  desiredCount(): number {
    return this.#index.size(indexName.desired)
  }

  dependents(owner: Uid): readonly KubeObject[] {
    return this.kinds().flatMap(kind => this.#index.list(indexName.owner(kind, owner)))
  }

  usersOf(ref: Ref): readonly KubeObject[] {
    return this.#index.list(indexName.users(ref))
  }

  orphanPods(namespace: string): readonly Pod[] {
    return this.#index.list(indexName.orphans(namespace)) as readonly Pod[]
  }

  podsMatching(namespace: string, selector: LabelSelector): readonly Pod[] {
    const names = labelPairs(selector.matchLabels).map(pair => indexName.label(namespace, pair))
    const rarest = names.sort((a, b) => this.#index.size(a) - this.#index.size(b))[0]
    const candidates = rarest === undefined ? this.list('Pod', namespace) : (this.#index.list(rarest) as readonly Pod[])
    if (names.length === 1 && selector.matchExpressions === undefined) return candidates
    return candidates.filter(pod => matchesSelector(selector, pod.metadata.labels))
  }

  servicesSelecting(pod: Pod): readonly Kinds['Service'][] {
    const { labels } = pod.metadata
    // An empty selector selects nothing: such a Service's endpoints are somebody else's to write.
    return this.#selectors('Service', pod).filter(
      ({ spec }) => Object.keys(spec.selector ?? {}).length > 0 && matchesLabels(spec.selector, labels),
    )
  }

  replicaSetsSelecting(pod: Pod): readonly Kinds['ReplicaSet'][] {
    return this.#selectors('ReplicaSet', pod).filter(({ spec }) => matchesSelector(spec.selector, pod.metadata.labels))
  }

  budgetsSelecting(pod: Pod): readonly Kinds['PodDisruptionBudget'][] {
    // Asked of every pod that changes, where mostly there is none at all.
    if (this.list('PodDisruptionBudget').length === 0) return []
    return this.#selectors('PodDisruptionBudget', pod).filter(({ spec }) =>
      matchesSelector(spec.selector, pod.metadata.labels),
    )
  }

  servicesAt(address: string): readonly Kinds['Service'][] {
    return this.#index.list(indexName.address(address)) as readonly Kinds['Service'][]
  }

  holdsAnything(namespace: string): boolean {
    return this.#index.size(indexName.within(namespace)) > 0
  }

  holdsDesired(namespace: string): boolean {
    return this.#index
      .list(indexName.within(namespace))
      .some(({ metadata }) => metadata.annotations?.[sourceAnnotation] !== undefined)
  }

  /** The observer of this class; made when it is first asked for, and told of every change from then on. */
  observer<T extends Observer>(Kind: new (cluster: Cluster) => T): T {
    const known = this.#observers.get(Kind)
    if (known instanceof Kind) return known
    const observer = new Kind(this)
    this.#observers.set(Kind, observer)
    return observer
  }

  /** Carries changes out in order. What changes nothing leaves no trace. */
  apply(changes: readonly Change[], env: Env): ObjectChange[] {
    return changes.flatMap(change => this.#apply(change, env) ?? [])
  }

  /** Fills an empty cluster with recorded objects as they stand. */
  restore(objects: readonly KubeObject[], { resourceVersion }: { readonly resourceVersion: number }): void {
    this.#resourceVersion = resourceVersion
    // Owners first, so that what they own can share what they hold.
    const sets: Kinds['ReplicaSet'][] = []
    const pods: Pod[] = []
    for (const object of objects) {
      const ref = refOf(object)
      if (ref.kind === 'ReplicaSet') sets.push(object as Kinds['ReplicaSet'])
      else if (ref.kind === 'Pod') pods.push(object as Pod)
      else this.#store(ref, { after: freeze(object) })
    }
    const deployments = byUid(this.list('Deployment'))
    for (const set of sets) {
      const owner = deployments.get(controllerOf(set))
      this.#store(refOf(set), { after: freeze(owner ? setSharing(set, owner.spec.template) : set) })
    }
    const owners = byUid(this.list('ReplicaSet'))
    for (const pod of pods) {
      const owner = owners.get(controllerOf(pod))
      this.#store(refOf(pod), { after: freeze(owner ? podSharing(pod, owner.spec.template) : pod) })
    }
    for (const event of this.list('Event')) {
      this.#events.seen(refOf(event).key, fromTime(event.lastTimestamp))
    }
  }

  /** Drops Events that are old or too many. */
  expireEvents(env: Env): ObjectChange[] {
    return this.apply(
      this.#events.expired(env.now).map(key => ({ kind: 'delete', ref: { kind: 'Event', key } })),
      env,
    )
  }

  /** When the next Event expires. */
  eventsWakeAt(): number | undefined {
    return this.#events.wakeAt()
  }

  #selectors<K extends 'Service' | 'ReplicaSet' | 'PodDisruptionBudget'>(
    kind: K,
    { metadata }: Pod,
  ): readonly Kinds[K][] {
    const places = selectorPlaces(metadata.namespace ?? '', metadata.labels)
    return places.flatMap(place => this.#index.list(indexName.selector(kind, place))) as Kinds[K][]
  }

  #apply(change: Change, env: Env): ObjectChange | undefined {
    switch (change.kind) {
      case 'put':
        return this.#put(change.object, env)
      case 'delete':
        return this.#change(change.ref, { before: this.get(change.ref.kind, change.ref.key), after: undefined })
      case 'event': {
        const involved = this.get(change.ref.kind, change.ref.key)
        const key = eventKey(change, involved)
        const before: Event | undefined = this.get('Event', key)
        this.#events.seen(key, env.now)
        return this.#put(nextEvent(change, { key, before, involved, now: env.now }), env)
      }
    }
  }

  #put(object: KubeObject, env: Env): ObjectChange | undefined {
    const ref = refOf(object)
    const before = this.get(ref.kind, ref.key)
    if (before === object) return undefined
    const after = identified(object, { kind: ref.kind, before, env })
    if (before && equal(before, after)) return undefined
    return this.#change(ref, { before, after })
  }

  #change(
    ref: Ref,
    { before, after }: { before: KubeObject | undefined; after: KubeObject | undefined },
  ): ObjectChange | undefined {
    if (!before && !after) return undefined
    const resourceVersion = ++this.#resourceVersion
    const versioned =
      after && freeze({ ...after, metadata: { ...after.metadata, resourceVersion: String(resourceVersion) } })
    const change: ObjectChange = {
      ref,
      ...(before === undefined ? {} : { before }),
      ...(versioned === undefined ? {} : { after: versioned }),
      resourceVersion,
      decided: isDecision(ref.kind, { before, after: versioned }),
    }
    this.#store(ref, change)
    for (const observer of this.#observers.values()) observer.changed(change)
    return change
  }

  #store(ref: Ref, { before, after }: { readonly before?: KubeObject; readonly after?: KubeObject }): void {
    const { key } = ref
    let bucket = this.#kinds.get(ref.kind)
    if (!bucket) this.#kinds.set(ref.kind, (bucket = new Bucket()))
    if (ref.kind === 'Pod') this.#tallies.follow(before as Pod | undefined, after as Pod | undefined)
    const names = after === undefined ? [] : namesOf(ref, after)
    if (before !== undefined) {
      for (const name of namesOf(ref, before)) if (!names.includes(name)) this.#index.delete(name, entryKey(name, ref))
    }
    if (after === undefined) {
      bucket.delete(key)
      if (ref.kind === 'Event') this.#events.forget(key)
      return
    }
    bucket.set(key, after)
    for (const name of names) this.#index.set(name, { key: entryKey(name, ref), object: after })
  }
}

function byUid<T extends KubeObject>(objects: readonly T[]): ReadonlyMap<Uid | undefined, T> {
  return new Map(objects.map(object => [object.metadata.uid, object]))
}

function controllerOf({ metadata }: KubeObject): Uid | undefined {
  return metadata.ownerReferences?.find(owner => owner.controller === true)?.uid
}

/** Lookups that mix kinds need the kind in the key. */
function entryKey(name: string, ref: Ref): Key {
  return name === indexName.desired || name.startsWith('users ') || name.startsWith('within ')
    ? describeRef(ref)
    : ref.key
}
