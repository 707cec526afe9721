import { Finder } from '../finder.ts'
import { defaultNamespace, type Manifest } from '../manifest.ts'
import type { Problem } from '../problem.ts'
import { describeRef, kindKey, refOf, type KindKey } from '../reference.ts'
import { resourceByKind } from '../registry.ts'
import { compareText } from '../stable.ts'
import type { KubeObject } from '../types.ts'

interface Definition {
  readonly name: string
  readonly namespaced: boolean
}

/**
 * The manifests with custom resources where the definitions among them say: in a namespace, by default that of their
 * release, or in none. What is not defined here stays as it is written.
 */
export function placeCustomResources(manifests: readonly Manifest[]): {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
} {
  const defining = definers.in(manifests)
  if (defining.size === 0) return { manifests, problems: [] }
  // In an order that does not depend on how the list came about.
  const sorted = [...defining].sort((a, b) => compareText(a.object.metadata.name, b.object.metadata.name))
  const definitions = new Map(sorted.flatMap(({ object }) => definitionIn(object)))
  const problems: Problem[] = []
  const placed = manifests.map(manifest => {
    const { apiVersion, kind } = manifest.object
    const definition = definitions.get(kindKey(apiVersion, kind))
    if (definition === undefined || resourceByKind(apiVersion, kind) !== undefined) return manifest
    const { namespace } = manifest.object.metadata
    if (!definition.namespaced && namespace !== undefined) problems.push(withoutMeaning(manifest, definition))
    const wanted = definition.namespaced
      ? (namespace ?? manifest.release?.targetNamespace ?? defaultNamespace)
      : undefined
    return namespace === wanted ? manifest : inNamespace(manifest, wanted)
  })
  return { manifests: placed, problems }
}

const definitionKind = 'CustomResourceDefinition.apiextensions.k8s.io'

interface Definitional {
  readonly spec?: { readonly group?: string; readonly scope?: string; readonly names?: { readonly kind?: string } }
}

const definers = new Finder<Manifest>(
  ({ object }) => object.kind === 'CustomResourceDefinition' && refOf(object).kind === definitionKind,
)

function definitionIn(object: KubeObject): [KindKey, Definition][] {
  const { spec: { group, scope, names } = {} } = object as Definitional
  if (group === undefined || names?.kind === undefined) return []
  const definition = { name: object.metadata.name, namespaced: scope === 'Namespaced' }
  return [[kindKey(`${group}/v1`, names.kind), definition]]
}

/** What a manifest became last: it stays the same one, so that what was found out about it holds. */
const moved = new WeakMap<Manifest, Manifest>()

function inNamespace(manifest: Manifest, namespace: string | undefined): Manifest {
  const before = moved.get(manifest)
  if (before !== undefined && before.object.metadata.namespace === namespace) return before
  const { namespace: _, ...metadata } = manifest.object.metadata
  const placed = namespace === undefined ? metadata : { ...metadata, namespace }
  const next = { ...manifest, object: { ...manifest.object, metadata: placed } }
  moved.set(manifest, next)
  return next
}

function withoutMeaning({ object, origin }: Manifest, { name }: Definition): Problem {
  return {
    ...origin,
    severity: 'warning',
    message: `metadata.namespace has no meaning: CustomResourceDefinition ${name} says that objects of this kind belong to no namespace; it is left out`,
    remedy: 'remove it',
    object: describeRef(refOf(object)),
    field: 'metadata.namespace',
  }
}
