import { desiredAnnotation } from '../api/manifest.ts'
import type { KubeObject } from '../api/types.ts'
import { equal } from '../api/stable.ts'
import { fieldsOf, type Fields } from './fields.ts'

/** A step of a path: a field, an item of a list by its merge key, or by its place. */
export type Segment = { readonly field: string } | { readonly item: string } | { readonly index: number }

/** One field that differs. A side that lacks the field lacks the value. */
export interface FieldChange {
  readonly path: readonly Segment[]
  readonly before?: unknown
  readonly after?: unknown
}

/**
 * Which fields tell the items of a list apart, by the list's name: Kubernetes's own merge keys. An item is named by
 * those of them that it has, joined by `/`.
 */
const mergeKeys: Readonly<Record<string, readonly string[]>> = {
  conditions: ['type'],
  containers: ['name'],
  env: ['name'],
  ephemeralContainers: ['name'],
  hostAliases: ['ip'],
  imagePullSecrets: ['name'],
  initContainers: ['name'],
  ownerReferences: ['uid'],
  ports: ['port', 'containerPort', 'protocol'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  volumeClaimTemplates: ['metadata'],
  volumeDevices: ['devicePath'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
}

/** What differs between two states of an object, field by field. Status and what the cluster gives are left out. */
export function diffObjects(before: KubeObject, after: KubeObject): FieldChange[] {
  return diffValues(ofGit(before), ofGit(after), [])
}

function ofGit(object: KubeObject): Fields {
  const { status: _, metadata, ...rest } = object
  const { labels, annotations = {} } = metadata
  const told = Object.entries(annotations).filter(([name]) => name !== desiredAnnotation)
  return { metadata: { labels: labels ?? {}, annotations: Object.fromEntries(told) }, ...rest }
}

function diffValues(before: unknown, after: unknown, path: readonly Segment[]): FieldChange[] {
  if (equal(before, after)) return []
  const [fromFields, toFields] = [fieldsOf(before), fieldsOf(after)]
  if (fromFields && toFields) return diffFields(fromFields, toFields, path)
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(before, after, path)
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }]
}

function diffFields(before: Fields, after: Fields, path: readonly Segment[]): FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap(field => diffValues(before[field], after[field], [...path, { field }]))
}

function diffLists(before: readonly unknown[], after: readonly unknown[], path: readonly Segment[]): FieldChange[] {
  const name = path.findLast(segment => 'field' in segment)?.field ?? ''
  const [from, to] = [byMergeKey(before, name), byMergeKey(after, name)]
  if (from && to) {
    const items = [...new Set([...from.keys(), ...to.keys()])]
    const changes = items.flatMap(item => diffValues(from.get(item), to.get(item), [...path, { item }]))
    // Only the order differs; it can matter (env), so the whole list is the change.
    return changes.length > 0 ? changes : [{ path, before, after }]
  }
  if (before.length === after.length && before.every(item => fieldsOf(item)) && after.every(item => fieldsOf(item))) {
    return before.flatMap((item, index) => diffValues(item, after[index], [...path, { index }]))
  }
  return [{ path, before, after }]
}

/** The items under their merge keys; undefined where the list has none, or two items share one. */
function byMergeKey(list: readonly unknown[], name: string): ReadonlyMap<string, unknown> | undefined {
  const keys = mergeKeys[name]
  if (keys === undefined) return undefined
  const items = new Map<string, unknown>()
  for (const item of list) {
    const fields = fieldsOf(item)
    const id = keys.flatMap(key => keyText(fields?.[key])).join('/')
    if (id === '' || items.has(id)) return undefined
    items.set(id, item)
  }
  return items
}

function keyText(value: unknown): string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)]
  const name = fieldsOf(value)?.['name']
  return typeof name === 'string' ? [name] : []
}

/** `spec.template.spec.containers[web].env[VERSION].value` */
export function formatPath(path: readonly Segment[]): string {
  return path.reduce((text, segment) => {
    if ('item' in segment) return `${text}[${segment.item}]`
    if ('index' in segment) return `${text}[${segment.index}]`
    return text === '' ? segment.field : `${text}.${segment.field}`
  }, '')
}
