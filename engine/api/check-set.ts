import type { Manifest } from './manifest.ts'
import type { Problem } from './problem.ts'
import { refOf } from './reference.ts'
import { changedRanges } from './changed-ranges.ts'
import { ManifestSet } from './set/manifest-set.ts'
import { checkDuplicates, checkNamespaces } from './set/names.ts'
import { checkReferences } from './set/references.ts'
import { checkReleases, firstOfReleases } from './set/releases.ts'
import { type AddressClaim, addressClaims, checkAddresses, checkServices } from './set/services.ts'
import { compareText } from './stable.ts'

/** A set that was checked, kept so that the next one is checked only where it differs. */
export interface CheckedSet {
  readonly manifests: readonly Manifest[]
  /** In the order of the places that they stand at. */
  readonly problems: readonly Problem[]
  /** By name, in the order of the names; `''` holds the objects that belong to none. */
  readonly namespaces: ReadonlyMap<string, CheckedNamespace>
}

/** What follows from the manifests of one namespace alone, and what it takes to look across namespaces. */
interface CheckedNamespace {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
  readonly claims: readonly AddressClaim[]
  /** The first manifest of each release. */
  readonly releases: ReadonlyMap<string, Manifest>
  /** One of them depends on another. */
  readonly hasDependents: boolean
}

/**
 * What only the manifests of a commit together can show: objects that stand twice, references to what is not there,
 * Services that reach nothing. Each manifest has passed `checkObject`. A namespace that holds the very manifests that it
 * held in the earlier set is not looked into again: nothing but its own manifests decides what is found there. So checking
 * costs what the namespaces hold in which something changed.
 */
export function checkSet(manifests: readonly Manifest[], earlier: CheckedSet = nothing): CheckedSet {
  const namespaces = new Map(earlier.namespaces)
  for (const [name, inside] of changedNamespaces(earlier, manifests)) {
    if (inside.length === 0) namespaces.delete(name)
    else namespaces.set(name, checkNamespace(inside))
  }
  const isSame =
    namespaces.size === earlier.namespaces.size && [...namespaces.keys()].every(name => earlier.namespaces.has(name))
  const ordered = isSame ? namespaces : new Map([...namespaces].sort(([a], [b]) => compareText(a, b)))
  const problems = [...checkAcross(ordered), ...[...ordered.values()].flatMap(each => each.problems)]
  return { manifests, problems: inPlace(problems), namespaces: ordered }
}

const nothing: CheckedSet = { manifests: [], problems: [], namespaces: new Map() }

/** What the namespaces hold now that hold something else than before. */
function changedNamespaces(
  { manifests: before, namespaces }: CheckedSet,
  manifests: readonly Manifest[],
): ReadonlyMap<string, readonly Manifest[]> {
  const changed = new Map<string, readonly Manifest[]>()
  for (const { oldStart, oldEnd, newStart, newEnd } of changedRanges(before, manifests)) {
    const gone = byNamespace(before.slice(oldStart, oldEnd))
    const come = byNamespace(manifests.slice(newStart, newEnd))
    for (const name of new Set([...gone.keys(), ...come.keys()])) {
      const [old, now] = [gone.get(name) ?? [], come.get(name) ?? []]
      if (sameItems(old, now)) continue
      const inside = changed.get(name) ?? namespaces.get(name)?.manifests ?? []
      const [first] = old
      const at = first ? inside.indexOf(first) : placeAfter(manifests.slice(0, newStart), { name, inside })
      changed.set(name, [...inside.slice(0, at), ...now, ...inside.slice(at + old.length)])
    }
  }
  return changed
}

/** Where in a namespace comes what follows upon these manifests. */
function placeAfter(
  manifests: readonly Manifest[],
  { name, inside }: { readonly name: string; readonly inside: readonly Manifest[] },
): number {
  const last = inside.length === 0 ? undefined : manifests.findLast(each => namespaceOf(each) === name)
  return last === undefined ? 0 : inside.indexOf(last) + 1
}

function checkNamespace(manifests: readonly Manifest[]): CheckedNamespace {
  const set = new ManifestSet(manifests)
  const problems = [checkDuplicates, checkReferences, checkServices].flatMap(check => check(set))
  const releases = firstOfReleases(manifests)
  const hasDependents = [...releases.values()].some(
    ({ release }) => release !== undefined && release.dependsOn.length > 0,
  )
  return { manifests, problems, claims: addressClaims(set), releases, hasDependents }
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
    ...([...namespaces.values()].some(({ hasDependents }) => hasDependents)
      ? checkReleases(new Map([...namespaces.values()].flatMap(({ releases }) => [...releases])))
      : []),
  ]
}

function byNamespace(manifests: readonly Manifest[]): ReadonlyMap<string, Manifest[]> {
  const groups = new Map<string, Manifest[]>()
  for (const manifest of manifests) {
    const namespace = namespaceOf(manifest)
    const group = groups.get(namespace)
    if (group) group.push(manifest)
    else groups.set(namespace, [manifest])
  }
  return groups
}

function namespaceOf({ object }: Manifest): string {
  return object.metadata.namespace ?? ''
}

function sameItems(some: readonly Manifest[], others: readonly Manifest[]): boolean {
  return some.length === others.length && some.every((item, i) => item === others[i])
}

function inPlace(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column)
}
