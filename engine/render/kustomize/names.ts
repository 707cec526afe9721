import { RenderFailure } from '../failure.ts'
import { visitFields, type FieldSpec } from './field-spec.ts'
import { fieldOf, isFields, setField, textOf } from './fields.ts'
import { hashOf } from './hash.ts'
import type { ResourceSet } from './resource-set.ts'
import { currentId, gvkOf, nameOf, originalId, rememberId, setMetadata, type Resource } from './resource.ts'
import { idInWords, idKey, isClusterScoped, isSelected, type Gvk, type ResourceId } from './resource-id.ts'

export interface Affix {
  readonly side: 'prefix' | 'suffix'
  readonly text: string
  readonly fieldSpecs: readonly FieldSpec[]
}

/** Their names are given by what they stand for. */
const unnamed: readonly Partial<Gvk>[] = [
  { kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
  { kind: 'Namespace' },
]

export function affixNames(resources: readonly Resource[], { side, text, fieldSpecs }: Affix): void {
  if (text === '') return
  for (const resource of resources) {
    const id = originalId(resource)
    if (unnamed.some(type => isSelected(id, type))) continue
    for (const spec of fieldSpecs) {
      if (!isSelected(id, spec)) continue
      if (spec.path === 'metadata/name') {
        if (side === 'prefix') resource.prefixes = [...resource.prefixes, text]
        else resource.suffixes = [...resource.suffixes, text]
        rememberId(resource)
      }
      visitFields(resource.object, {
        spec,
        make: 'scalar',
        visit: slot => slot.write(side === 'prefix' ? `${text}${String(slot.value)}` : `${String(slot.value)}${text}`),
      })
    }
  }
}

/** Names end with the hash of what they name, so that a change of contents is a new object. */
export function appendHashes(resources: readonly Resource[]): void {
  for (const resource of resources) {
    if (!resource.hashed) continue
    const hash = hashOf(resource.object)
    rememberId(resource)
    setMetadata(resource.object, { name: 'name', value: `${nameOf(resource.object)}-${hash}` })
  }
}

export interface NamespaceChange {
  readonly namespace: string
  readonly fieldSpecs: readonly FieldSpec[]
  /** Leaves a namespace that is written. */
  readonly unsetOnly?: boolean
  /** Which subjects of role bindings move too. */
  readonly subjects?: string
}

export function setNamespace(set: ResourceSet, change: NamespaceChange): void {
  const moved = new Set<string>()
  for (const resource of set.resources) {
    rememberId(resource)
    moveOne(resource, change)
  }
  for (const resource of set.resources) {
    const id = currentId(resource)
    if (moved.has(idKey(id))) {
      throw new RenderFailure(`in the namespace ${change.namespace} there are two of ${idInWords(id)}`, {
        origin: resource.origin,
        remedy: 'rename one of them',
      })
    }
    moved.add(idKey(id))
  }
}

/** Puts one resource into a namespace, with what refers to it in there. */
export function moveOne(
  { object }: Resource,
  { namespace, fieldSpecs, unsetOnly = false, subjects = 'defaultOnly' }: NamespaceChange,
): void {
  const gvk = gvkOf(object)
  const written = (value: unknown): boolean => unsetOnly && value !== undefined && value !== null && value !== ''
  if (!isClusterScoped(gvk) && !written(fieldOf(fieldOf(object, 'metadata'), 'namespace'))) {
    setMetadata(object, { name: 'namespace', value: namespace })
  }
  const binding = gvk.kind === 'RoleBinding' || gvk.kind === 'ClusterRoleBinding'
  if (binding && subjects !== 'none') {
    const list = fieldOf(object, 'subjects')
    for (const subject of Array.isArray(list) ? list : []) {
      const moves =
        subjects === 'allServiceAccounts'
          ? textOf(subject, 'kind') === 'ServiceAccount'
          : textOf(subject, 'name') === 'default'
      if (moves && isFields(subject) && !written(subject['namespace']))
        setField(subject, { name: 'namespace', value: namespace })
    }
  }
  for (const spec of fieldSpecs) {
    if (spec.path === 'metadata/namespace' || (binding && spec.path === 'subjects/namespace')) continue
    if (spec.path === 'metadata/name' && textOf(object, 'apiVersion') !== 'v1') continue
    visitFields(object, {
      spec,
      make: 'scalar',
      visit: slot => (written(slot.value) ? undefined : slot.write(namespace)),
    })
  }
}

export interface ReplicaChange {
  readonly name: string
  readonly count: number
  readonly fieldSpecs: readonly FieldSpec[]
}

/** False where no resource of a kind with replicas has, or had, the name. */
export function setReplicas(resources: readonly Resource[], { name, count, fieldSpecs }: ReplicaChange): boolean {
  let found = false
  for (const spec of fieldSpecs) {
    for (const resource of resources) {
      const fits = (id: ResourceId): boolean => id.name === name && isSelected(id, spec)
      if (![originalId(resource), currentId(resource), ...previous(resource)].some(fits)) continue
      found = true
      visitFields(resource.object, { spec, make: 'scalar', visit: slot => slot.write(count) })
    }
  }
  return found
}

function previous(resource: Resource): ResourceId[] {
  return resource.previous.map(id => ({ ...gvkOf(resource.object), ...id }))
}

export interface TextsChange {
  readonly texts: Readonly<Record<string, string>>
  readonly fieldSpecs: readonly FieldSpec[]
}

/** Adds labels or annotations to the maps that the fields lead to. */
export function addTexts(resources: readonly Resource[], { texts, fieldSpecs }: TextsChange): void {
  for (const { object } of resources) {
    for (const spec of fieldSpecs) {
      for (const [name, value] of Object.entries(texts)) {
        visitFields(object, {
          spec,
          make: 'mapping',
          visit: slot => (isFields(slot.value) ? setField(slot.value, { name, value }) : slot.write({ [name]: value })),
        })
      }
    }
  }
}
