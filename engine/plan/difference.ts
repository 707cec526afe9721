import { changedRanges } from '../api/changed-ranges.ts'
import type { Manifest } from '../api/manifest.ts'
import { sourceAnnotation } from '../api/manifest.ts'
import { once } from '../api/once.ts'
import { describeRef, keyOf, kindKey, refOf, type Ref } from '../api/reference.ts'
import { hookOf } from '../api/sequence.ts'
import { equal } from '../api/stable.ts'
import type { KubeObject, Node } from '../api/types.ts'
import { hasJoined, isUnreachable } from '../cluster/objects/node-state.ts'
import type { Observer } from '../cluster/observer.ts'
import type { ClusterView, ObjectChange } from '../cluster/view.ts'
import { released, withOwned } from './ownership.ts'
import type { PlanStep } from './step.ts'

/** A step without its stage: what one object lacks. */
export type Change = Exclude<PlanStep, { readonly kind: 'run' }>

/** Namespaces that a cluster always has: git may label them, and leaving them out of git does not delete them. */
const permanentNamespaces: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease'])

/**
 * What the cluster lacks of a list of manifests, and what it holds besides. It follows the cluster: asked again, it looks
 * only at what changed since, there or in the list. So planning costs what a commit changes, not what it holds.
 */
export class Difference implements Observer {
  readonly #cluster: ClusterView
  #manifests: readonly Manifest[] = []
  readonly #byId = new Map<string, Manifest>()
  /** Those whose number of replicas an autoscaler among the manifests decides. */
  #scaled: ReadonlySet<string> = new Set()
  /** Objects that were not found to be as they are asked for since they, or what is asked, last changed. */
  readonly #open = new Map<string, Ref>()

  constructor(cluster: ClusterView) {
    this.#cluster = cluster
    for (const object of cluster.desired()) this.#reopen(object)
  }

  changed({ ref, before, after }: ObjectChange): void {
    // What was found to be as it is asked for says that git asks for it.
    if ((before && isDesired(before)) || (after && isDesired(after))) this.#open.set(describeRef(ref), ref)
  }

  /** By the objects' ids, in no order. */
  changesTo(manifests: readonly Manifest[]): ReadonlyMap<string, Change> {
    this.#follow(manifests)
    const changes = new Map<string, Change>()
    for (const [id, ref] of this.#open) {
      const change = this.#changeOf(id, ref)
      if (change === undefined) this.#open.delete(id)
      else changes.set(id, change)
    }
    return changes
  }

  #follow(manifests: readonly Manifest[]): void {
    const ranges = [...changedRanges(this.#manifests, manifests)]
    const gone = new Set(ranges.flatMap(({ oldStart, oldEnd }) => this.#manifests.slice(oldStart, oldEnd)))
    const come = ranges
      .flatMap(({ newStart, newEnd }) => manifests.slice(newStart, newEnd))
      // One that has only moved is there as before.
      .filter(manifest => !gone.delete(manifest))
    this.#manifests = manifests
    for (const { object } of gone) this.#byId.delete(this.#reopen(object))
    for (const manifest of come) this.#byId.set(this.#reopen(manifest.object), manifest)
    // Where an object stands twice, one that went may have left another of the same id.
    if (this.#byId.size !== manifests.length) {
      for (const manifest of manifests) this.#byId.set(identify(manifest.object).id, manifest)
    }
    if ([...gone, ...come].some(isAutoscaler)) this.#scale()
  }

  #scale(): void {
    const targets = this.#manifests.filter(isAutoscaler).flatMap(targetOf)
    for (const id of [...this.#scaled, ...targets]) {
      const manifest = this.#byId.get(id)
      if (manifest !== undefined) this.#reopen(manifest.object)
    }
    this.#scaled = new Set(targets)
  }

  #reopen(object: KubeObject): string {
    const { ref, id } = identify(object)
    this.#open.set(id, ref)
    return id
  }

  #changeOf(id: string, ref: Ref): Change | undefined {
    const before = this.#cluster.get(ref.kind, ref.key)
    const manifest = this.#byId.get(id)
    if (manifest === undefined) return before && isDesired(before) ? withoutManifest(before, ref) : undefined
    // A hook is there for its runs alone.
    if (hookOf(manifest.object) !== undefined) return undefined
    return put(before, manifest, { ref, scaled: this.#scaled.has(id) })
  }
}

/** What an object lacks of a manifest; undefined where it is as that asks. */
export function put(
  before: KubeObject | undefined,
  manifest: Manifest,
  { ref, scaled }: { ref: Ref; scaled: boolean },
): Change | undefined {
  const { object, origin } = manifest
  const after = withOwned(object, before, { kind: ref.kind, manifest, scaled })
  if (before === undefined) return { kind: 'create', ref, after, origin }
  return equal(before, after) ? undefined : { kind: 'update', ref, before, after, origin }
}

/** What becomes of an object that git asked for and no longer does. */
function withoutManifest(before: KubeObject, ref: Ref): Change | undefined {
  if (outlivesGit(ref, before)) {
    const origin = { file: before.metadata.annotations?.[sourceAnnotation] ?? '', line: 0, column: 0 }
    return { kind: 'update', ref, before, after: released(before), origin }
  }
  return before.metadata.deletionTimestamp === undefined ? { kind: 'delete', ref, before } : undefined
}

/** Not git's to delete: it only stops speaking of it. */
function outlivesGit({ kind, key }: Ref, before: KubeObject): boolean {
  if (kind === 'Namespace') return permanentNamespaces.has(key)
  // A node whose agent is there stays; one that is gone goes for good, and what waits for it with it.
  return kind === 'Node' && hasJoined(before as Node) && !isUnreachable(before as Node)
}

function isDesired({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[sourceAnnotation] !== undefined
}

function isAutoscaler({ object }: Manifest): boolean {
  return object.kind === 'HorizontalPodAutoscaler'
}

interface AutoscalerSpec {
  readonly scaleTargetRef?: { readonly apiVersion?: string; readonly kind: string; readonly name: string }
}

/** The id of the object whose number of replicas it decides. */
function targetOf({ object }: Manifest): string[] {
  const target = (object.spec as AutoscalerSpec | undefined)?.scaleTargetRef
  if (target === undefined) return []
  const kind = kindKey(target.apiVersion ?? 'apps/v1', target.kind)
  return [describeRef({ kind, key: keyOf(target.name, object.metadata.namespace) })]
}

const identify = once((object: KubeObject): { readonly ref: Ref; readonly id: string } => {
  const ref = refOf(object)
  return { ref, id: describeRef(ref) }
})

/** How an object is known in a difference. */
export function idOf(object: KubeObject): string {
  return identify(object).id
}
