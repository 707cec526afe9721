import type { Manifest } from '../manifest.ts'
import type { Problem } from '../problem.ts'
import { type Key, type KindKey, describeRef, refOf } from '../reference.ts'
import { type FieldPath, fieldText } from '../report.ts'
import type { CoreKind, Kinds, PodTemplateSpec } from '../types.ts'

/** A manifest whose kind, and so whose shape, is known. */
export interface Of<K extends CoreKind> {
  readonly object: Kinds[K]
  readonly manifest: Manifest
}

/** What makes pods: a Deployment, a ReplicaSet, or a Pod itself. */
export interface PodSource {
  readonly template: PodTemplateSpec
  /** Where the template stands in the object. */
  readonly path: FieldPath
  readonly manifest: Manifest
}

/** The manifests of a commit, indexed for the rules that look across them. */
export class ManifestSet {
  readonly all: readonly Manifest[]
  readonly #byKind = new Map<KindKey, Map<Key, Manifest>>()
  readonly #podSources = new Map<string, PodSource[]>()

  constructor(manifests: readonly Manifest[]) {
    this.all = manifests
    for (const manifest of manifests) {
      const { kind, key } = refOf(manifest.object)
      const ofKind = this.#byKind.get(kind) ?? new Map<Key, Manifest>()
      if (!ofKind.has(key)) ofKind.set(key, manifest)
      this.#byKind.set(kind, ofKind)
    }
    for (const source of this.podSources()) {
      const namespace = source.manifest.object.metadata.namespace ?? ''
      const before = this.#podSources.get(namespace)
      if (before) before.push(source)
      else this.#podSources.set(namespace, [source])
    }
  }

  /** The first manifest of each object of a kind. */
  list<K extends CoreKind>(kind: K): Of<K>[] {
    return [...(this.#byKind.get(kind)?.values() ?? [])].map(manifest => ({
      object: manifest.object as Kinds[K],
      manifest,
    }))
  }

  get<K extends CoreKind>(kind: K, key: Key): Kinds[K] | undefined {
    return this.#byKind.get(kind)?.get(key)?.object as Kinds[K] | undefined
  }

  podSources(): PodSource[] {
    return [
      ...this.list('Deployment').map(({ object, manifest }) => ({
        template: object.spec.template,
        path: ['spec', 'template'],
        manifest,
      })),
      ...this.list('ReplicaSet').map(({ object, manifest }) => ({
        template: object.spec.template,
        path: ['spec', 'template'],
        manifest,
      })),
      ...this.list('Pod').map(({ object, manifest }) => ({ template: object, path: [], manifest })),
    ]
  }

  podSourcesIn(namespace: string): readonly PodSource[] {
    return this.#podSources.get(namespace) ?? []
  }
}

/** A problem of one object, placed where the object begins. The text reads on from the field's path. */
export function problemOf(
  { object, origin }: Manifest,
  { severity, path, text, remedy }: { severity: Problem['severity']; path: FieldPath; text: string; remedy?: string },
): Problem {
  return {
    ...origin,
    severity,
    message: `${fieldText(path)} ${text}`,
    ...(remedy === undefined ? {} : { remedy }),
    object: describeRef(refOf(object)),
    field: fieldText(path),
  }
}
