import type { Manifest } from '../manifest.ts'
import { nearest } from '../nearest.ts'
import { once } from '../once.ts'
import type { Problem } from '../problem.ts'
import { type KindKey, describeRef, kindKey, refOf } from '../reference.ts'
import { type FieldPath, fieldText } from '../report.ts'
import { labelPairs, matchesLabels } from '../selector.ts'
import type { CoreKind, Deployment, Job, Kinds, Labels, Pod, PodTemplateSpec, ReplicaSet } from '../types.ts'

/** A manifest whose kind, and so whose shape, is known. */
export interface Of<K extends CoreKind> {
  readonly object: Kinds[K]
  readonly manifest: Manifest
}

/** What makes pods: a Deployment, a ReplicaSet, a Job, or a Pod itself. */
export interface PodSource {
  readonly template: PodTemplateSpec
  /** Where the template stands in the object. */
  readonly path: FieldPath
  readonly manifest: Manifest
}

/** For so many words it is searched what may have been meant: each search walks over all candidates. */
const mostHints = 50

/** The manifests of one namespace (or of none), indexed for the rules that look across them. */
export class ManifestSet {
  /** Those after the first that name the same object, with that first. */
  readonly doubles: readonly { readonly manifest: Manifest; readonly first: Manifest }[]
  readonly podSources: readonly PodSource[]
  readonly #byKind = new Map<KindKey, Map<string, Manifest>>()
  readonly #podsByLabel = new Map<string, PodSource[]>()
  #hints = mostHints

  constructor(manifests: readonly Manifest[]) {
    this.doubles = manifests.flatMap(manifest => this.#add(manifest) ?? [])
    this.podSources = (['Deployment', 'ReplicaSet', 'Job', 'Pod'] as const).flatMap(kind =>
      this.list(kind).flatMap(({ manifest }) => podSourceOf(manifest) ?? []),
    )
    for (const source of this.podSources) {
      for (const pair of pairsOf(source)) {
        const before = this.#podsByLabel.get(pair)
        if (before) before.push(source)
        else this.#podsByLabel.set(pair, [source])
      }
    }
  }

  /** The first manifest of each object of a kind. */
  list<K extends CoreKind>(kind: K): Of<K>[] {
    return [...(this.#byKind.get(kind)?.values() ?? [])].map(manifest => ({
      object: manifest.object as Kinds[K],
      manifest,
    }))
  }

  get<K extends CoreKind>(kind: K, name: string): Kinds[K] | undefined {
    return this.#byKind.get(kind)?.get(name)?.object as Kinds[K] | undefined
  }

  /** The names of the objects of a kind. */
  names(kind: CoreKind): Iterable<string> {
    return this.#byKind.get(kind)?.keys() ?? []
  }

  /** What a misspelt word most likely means. */
  meant(word: string, candidates: Iterable<string>): string | undefined {
    this.#hints -= 1
    return this.#hints < 0 ? undefined : nearest(word, candidates)
  }

  /** Looks only through the pods that have the selector's rarest pair. */
  podSourcesWith(selector: Labels): readonly PodSource[] {
    const [rarest = []] = labelPairs(selector)
      .map(pair => this.#podsByLabel.get(pair) ?? [])
      .sort((a, b) => a.length - b.length)
    return rarest.filter(({ template }) => matchesLabels(selector, template.metadata?.labels))
  }

  #add(manifest: Manifest): { manifest: Manifest; first: Manifest } | undefined {
    const { apiVersion, kind, metadata } = manifest.object
    const key = kindKey(apiVersion, kind)
    let ofKind = this.#byKind.get(key)
    if (!ofKind) this.#byKind.set(key, (ofKind = new Map()))
    const first = ofKind.get(metadata.name)
    if (first) return { manifest, first }
    ofKind.set(metadata.name, manifest)
    return undefined
  }
}

const podSourceOf = once((manifest: Manifest): PodSource | undefined => {
  const { object } = manifest
  switch (refOf(object).kind) {
    case 'Deployment':
      return { template: (object as Deployment).spec.template, path: ['spec', 'template'], manifest }
    case 'ReplicaSet':
      return { template: (object as ReplicaSet).spec.template, path: ['spec', 'template'], manifest }
    case 'Job':
      return { template: (object as Job).spec.template, path: ['spec', 'template'], manifest }
    case 'Pod':
      return { template: object as Pod, path: [], manifest }
    default:
      return undefined
  }
})

const pairsOf = once(({ template }: PodSource) => labelPairs(template.metadata?.labels))

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
