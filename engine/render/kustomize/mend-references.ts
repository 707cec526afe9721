import { RenderFailure } from '../failure.ts'
import { visitPath, type Slot } from './field-spec.ts'
import { fieldOf, isFields, setField, textOf, type Fields } from './fields.ts'
import type { NameReference } from './name-references.ts'
import { currentId, nameOf, namespaceOf, originalId, previousIds, type Resource } from './resource.ts'
import { effectiveNamespace, idInWords, isClusterScoped, isSelected, type Gvk } from './resource-id.ts'

/** Writes the names that resources have now wherever another resource refers to them by one that they had. */
export function mendReferences(resources: readonly Resource[], references: readonly NameReference[]): void {
  const named = new Map<string, Resource[]>()
  for (const resource of resources) {
    for (const name of new Set(previousIds(resource).map(id => id.name))) {
      named.set(name, [...(named.get(name) ?? []), resource])
    }
  }
  if (named.size === 0) return
  for (const referrer of resources) {
    const candidates = (name: string): readonly Resource[] => referable(referrer, named.get(name) ?? [])
    const id = originalId(referrer)
    for (const { fieldSpecs, ...target } of references) {
      for (const spec of fieldSpecs) {
        if (!isSelected(id, spec)) continue
        const mending: Mending = { referrer, candidates, target, path: spec.path }
        visitPath(referrer.object, { spec, visit: slot => mend(slot, mending) })
      }
    }
  }
}

interface Mending {
  readonly referrer: Resource
  /** What had a name and can be referred to. */
  readonly candidates: (name: string) => readonly Resource[]
  readonly target: Partial<Gvk>
  readonly path: string
}

/** What a resource can refer to at all: what is in its namespace, or in none. */
function referable(referrer: Resource, resources: readonly Resource[]): readonly Resource[] {
  const id = currentId(referrer)
  if (isClusterScoped(id)) return resources
  const accounts = accountNamespaces(referrer.object)
  return resources.filter(each => {
    const other = currentId(each)
    if (isClusterScoped(other) || effectiveNamespace(other) === effectiveNamespace(id)) return true
    return accounts.has(other.namespace)
  })
}

/** A RoleBinding's subjects may be ServiceAccounts of other namespaces. */
function accountNamespaces(object: Fields): ReadonlySet<string> {
  const subjects = fieldOf(object, 'subjects')
  if (textOf(object, 'kind') !== 'RoleBinding' || !Array.isArray(subjects)) return new Set()
  const accounts = subjects.filter(subject => textOf(subject, 'kind') === 'ServiceAccount')
  return new Set(accounts.map(subject => textOf(subject, 'namespace')).filter(Boolean))
}

function mend(slot: Slot, mending: Mending): void {
  const { value } = slot
  if (Array.isArray(value)) {
    for (const index of value.keys()) mend({ value: value[index], write: each => void (value[index] = each) }, mending)
  } else if (isFields(value)) {
    mendObject(value, mending)
  } else if (value !== null && value !== undefined) {
    const referral = referralOf(String(value), mending)
    if (referral !== undefined && nameOf(referral.object) !== value) slot.write(nameOf(referral.object))
  }
}

/** A reference of a name and a namespace: both are the referral's. */
function mendObject(value: Fields, mending: Mending): void {
  const name = fieldOf(value, 'name')
  if (name === undefined || name === null) {
    throw new RenderFailure(`${mending.path} of ${idInWords(currentId(mending.referrer))} has no name`, {
      origin: mending.referrer.origin,
    })
  }
  const referral = referralOf(String(name), {
    ...mending,
    candidates: known => inNamespace(mending.candidates(known), fieldOf(value, 'namespace')),
    withNamespace: true,
  })
  if (referral === undefined) return
  const namespace = namespaceOf(referral.object)
  setField(value, { name: 'name', value: nameOf(referral.object) })
  if (namespace !== '') setField(value, { name: 'namespace', value: namespace })
}

function inNamespace(candidates: readonly Resource[], namespace: unknown): readonly Resource[] {
  if (namespace === undefined) return candidates
  const of = (id: (resource: Resource) => Parameters<typeof effectiveNamespace>[0]): Resource[] =>
    candidates.filter(each => effectiveNamespace(id(each)) === String(namespace))
  const originally = of(originalId)
  return originally.length > 0 ? originally : of(currentId)
}

function referralOf(name: string, mending: Mending & { readonly withNamespace?: boolean }): Resource | undefined {
  const { referrer, target, path } = mending
  const roleRef = path.endsWith('roleRef/name') ? roleRefOf(referrer.object) : undefined
  const id = currentId(referrer)
  const candidates = mending.candidates(name).filter(candidate => {
    const previous = previousIds(candidate)
    const current = currentId(candidate)
    return (
      previous.some(each => isSelected(each, target)) &&
      (roleRef === undefined || previous.some(each => isSelected(each, roleRef))) &&
      (isClusterScoped(id) ||
        isClusterScoped(current) ||
        current.kind === 'ServiceAccount' ||
        effectiveNamespace(current) === effectiveNamespace(id))
    )
  })
  if (candidates.length <= 1) return candidates[0]
  const near = candidates.filter(each => sameAffixes(each, { other: referrer, emptyFits: true }))
  const nearest = near.length > 1 ? near.filter(each => sameAffixes(each, { other: referrer, emptyFits: false })) : near
  const [first] = nearest
  if (first === undefined || nearest.every(each => isAlike(each, first, mending.withNamespace === true))) return first
  const names = nearest.map(each => `${idInWords(currentId(each))} (${each.origin.file}:${each.origin.line})`)
  throw new RenderFailure(`${path} of ${idInWords(id)} says ${name}, which may be any of ${names.join(', ')}`, {
    origin: referrer.origin,
    remedy: 'give them different names',
  })
}

function isAlike(a: Resource, b: Resource, withNamespace: boolean): boolean {
  return nameOf(a.object) === nameOf(b.object) && (!withNamespace || namespaceOf(a.object) === namespaceOf(b.object))
}

function roleRefOf(object: Fields): Partial<Gvk> | undefined {
  const roleRef = fieldOf(object, 'roleRef')
  const [group, kind] = [fieldOf(roleRef, 'apiGroup'), fieldOf(roleRef, 'kind')]
  return group === undefined || kind === undefined ? undefined : { group: String(group), kind: String(kind) }
}

/** Resources that got the same prefixes and suffixes come through the same kustomizations. */
function sameAffixes(
  a: Resource,
  { other, emptyFits }: { readonly other: Resource; readonly emptyFits: boolean },
): boolean {
  return (['prefixes', 'suffixes'] as const).every(
    affixes =>
      (emptyFits && (a[affixes].length === 0 || other[affixes].length === 0)) || sameEnd(a[affixes], other[affixes]),
  )
}

function sameEnd(a: readonly string[], b: readonly string[]): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (short.length === 0) return long.length === 0
  return short.every((each, i) => each === long[i + long.length - short.length])
}
