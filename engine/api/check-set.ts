import type { Manifest } from './manifest.ts'
import type { Problem } from './problem.ts'
import { refOf } from './reference.ts'
import { ManifestSet } from './set/manifest-set.ts'
import { checkDuplicates, checkNamespaces } from './set/names.ts'
import { checkReferences } from './set/references.ts'
import { checkReleases, firstOfReleases } from './set/releases.ts'
import { type AddressClaim, addressClaims, checkAddresses, checkServices } from './set/services.ts'
import { compareText } from './stable.ts'

/** A set that was checked, kept so that the next one is checked only where it differs. */
export interface CheckedSet {
  /** In the order of the places that they stand at. */
  readonly problems: readonly Problem[]
  /** By name; `''` holds the objects that belong to none. */
  readonly namespaces: ReadonlyMap<string, CheckedNamespace>
}

/** What follows from the manifests of one namespace alone, and what it takes to look across namespaces. */
interface CheckedNamespace {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
  readonly claims: readonly AddressClaim[]
  /** The first manifest of each release. */
  readonly releases: ReadonlyMap<string, Manifest>
}

/**
 * What only the manifests of a commit together can show: objects that stand twice, references to what is not there,
 * Services that reach nothing. Each manifest has passed `checkObject`. A namespace that holds the very manifests that it
 * held in the earlier set is not looked into again: nothing but its own manifests decides what is found there.
 */
export function checkSet(manifests: readonly Manifest[], earlier?: CheckedSet): CheckedSet {
  const namespaces = new Map<string, CheckedNamespace>()
  for (const [name, inside] of byNamespace(manifests)) {
    const before = earlier?.namespaces.get(name)
    namespaces.set(name, before && sameItems(before.manifests, inside) ? before : checkNamespace(inside))
  }
  const problems = [...checkAcross(namespaces), ...[...namespaces.values()].flatMap(each => each.problems)]
  return { problems: inPlace(problems), namespaces }
}

function checkNamespace(manifests: readonly Manifest[]): CheckedNamespace {
  const set = new ManifestSet(manifests)
  const problems = [checkDuplicates, checkReferences, checkServices].flatMap(check => check(set))
  return { manifests, problems, claims: addressClaims(set), releases: firstOfReleases(manifests) }
}

/** Costs what there are namespaces, releases and addresses asked for, not what there are manifests. */
function checkAcross(namespaces: ReadonlyMap<string, CheckedNamespace>): Problem[] {
  const declared = (namespaces.get('')?.manifests ?? []).flatMap(({ object }) =>
    refOf(object).kind === 'Namespace' ? [object.metadata.name] : [],
  )
  const firsts = [...namespaces].flatMap(
    ([
      name,
      {
        manifests: [first],
      },
    ]) => (first ? [{ name, first }] : []),
  )
  return [
    ...checkNamespaces(firsts, declared),
    ...checkAddresses([...namespaces.values()].flatMap(({ claims }) => claims)),
    ...checkReleases(new Map([...namespaces.values()].flatMap(({ releases }) => [...releases]))),
  ]
}

function byNamespace(manifests: readonly Manifest[]): ReadonlyMap<string, Manifest[]> {
  const groups = new Map<string, Manifest[]>()
  for (const manifest of manifests) {
    const namespace = manifest.object.metadata.namespace ?? ''
    const group = groups.get(namespace)
    if (group) group.push(manifest)
    else groups.set(namespace, [manifest])
  }
  return groups
}

function sameItems(some: readonly Manifest[], others: readonly Manifest[]): boolean {
  return some.length === others.length && some.every((item, i) => item === others[i])
}

function inPlace(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column)
}
