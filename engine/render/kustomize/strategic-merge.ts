import { fieldOf, isFields, isScalar, setField, type Fields } from './fields.ts'
import type { MergeSchema, MergeSchemas } from './merge-schema.ts'
import { isEmpty } from './resource.ts'

/** A patch that does not fit what it is for. */
export class PatchMismatch extends Error {}

/**
 * Merges a strategic merge patch into an object, as Kustomize does: fields that are null go, items of lists with merge
 * keys are merged and those of the patch come first. Undefined where the patch deletes the object. Changes both.
 */
export function strategicMerge(
  object: Fields,
  { patch, schemas }: { readonly patch: Fields; readonly schemas: MergeSchemas },
): Fields | undefined {
  const schema = schemaOf(object, schemas) ?? schemaOf(patch, schemas)
  const merged = merge({ base: object, patch, schema, path: '' })
  return isFields(merged) ? merged : undefined
}

function schemaOf(object: Fields, schemas: MergeSchemas): MergeSchema | undefined {
  const { apiVersion, kind } = object
  return typeof apiVersion === 'string' && typeof kind === 'string' ? schemas({ apiVersion, kind }) : undefined
}

interface Merge {
  readonly base: unknown
  /** Undefined where the patch says nothing. */
  readonly patch: unknown
  readonly schema: MergeSchema | undefined
  readonly path: string
}

function merge(values: Merge): unknown {
  const { base, patch, path } = values
  if (patch === undefined) return base
  const shape = base ?? patch
  if (shape === null || isFields(shape)) return mergeMaps(values)
  if (Array.isArray(shape)) {
    if (patch !== null && !Array.isArray(patch)) throw mismatch(path, 'a list', patch)
    return mergeLists(values)
  }
  if (!isScalar(patch)) throw mismatch(path, 'a single value', patch)
  return patch
}

function mismatch(path: string, expected: string, patch: unknown): PatchMismatch {
  const found = Array.isArray(patch) ? 'a list' : isFields(patch) ? 'a mapping' : 'a single value'
  return new PatchMismatch(`${path === '' ? 'the object' : path} is ${expected}, and in the patch ${found}`)
}

function mergeMaps({ base, patch, schema, path }: Merge): unknown {
  if (patch === null) return undefined
  if (!isFields(patch)) throw mismatch(path, 'a mapping', patch)
  const directive = takeDirective(patch)
  if (directive === 'delete') return undefined
  const target = isFields(base) && directive !== 'replace' ? base : patch
  for (const name of Object.keys(patch)) {
    const value = merge({
      base: fieldOf(target, name),
      patch: patch[name],
      schema: schema?.fields?.[name] ?? (schema?.fields === undefined ? schema?.items : undefined),
      path: path === '' ? name : `${path}.${name}`,
    })
    if (value === undefined || value === null) delete target[name]
    else setField(target, { name, value })
  }
  return target
}

function takeDirective(patch: Fields): string {
  const directive = fieldOf(patch, '$patch')
  if (directive === undefined) return 'merge'
  delete patch['$patch']
  if (directive === 'delete' || directive === 'replace' || directive === 'merge') return directive
  throw new PatchMismatch(`$patch must be delete, replace or merge, not "${String(directive)}"`)
}

function mergeLists({ base, patch, schema, path }: Merge): unknown {
  const keys = schema?.mergedBy
  if (patch === null) return undefined
  if (!Array.isArray(patch)) return base
  if (keys === undefined) return patch
  const present = Array.isArray(base)
  const directive = present ? listDirective(patch) : 'merge'
  if (directive === 'delete') return undefined
  const target = present && directive !== 'replace' ? base : patch
  if (keys.length === 0) return [...new Set([...patch, ...target])]
  return mergeItems({ target, patch, keys, schema: schema?.items, path })
}

/** A directive for a whole list stands in an item of its own. */
function listDirective(patch: unknown[]): string {
  const index = patch.findIndex(item => isFields(item) && Object.keys(item).length === 1 && '$patch' in item)
  const item = patch[index]
  if (!isFields(item)) return 'merge'
  patch.splice(index, 1)
  return takeDirective(item)
}

interface ItemMerge {
  readonly target: unknown[]
  readonly patch: unknown[]
  readonly keys: readonly string[]
  readonly schema: MergeSchema | undefined
  readonly path: string
}

function mergeItems({ target, patch, keys, schema, path }: ItemMerge): unknown[] {
  const values = distinctValues([...patch, ...(target === patch ? [] : target)], keys)
  const identities = keys.length > 1 ? joined(values) : values
  const used = usedKeys(identities, keys)
  let result: unknown[] = []
  let rest = [...target]
  for (const identity of identities) {
    const wanted = used.map(key => [key, identity[keys.indexOf(key)] ?? ''] as const)
    const own = wanted.filter(([, value]) => value !== '')
    const find = (items: unknown[]): unknown =>
      items.find(item => own.every(([key, value]) => keyText(item, key) === value))
    const item = merge({ base: find(rest), patch: find(patch), schema, path: `${path}[${wanted.map(String).join()}]` })
    if (item === undefined || item === null || isEmpty(item)) {
      rest = rest.filter(each => !matches(each, wanted))
      continue
    }
    for (const [key, value] of wanted) {
      if (isFields(item) && value !== '' && fieldOf(item, key) === undefined) setField(item, { name: key, value })
    }
    result = put(result, { item, wanted })
  }
  for (const item of rest) {
    const wanted = used.flatMap(key => {
      const text = keyText(item, key)
      return text === undefined ? [] : [[key, text] as const]
    })
    if (wanted.length === 0) {
      if (!result.includes(item)) result.push(item)
    } else if (used.length > 1) {
      // With several keys Kustomize takes an item out and appends it: those of the patch alone stay in front.
      result = [...result.filter(each => !matches(each, wanted)), item]
    } else {
      result = put(result, { item, wanted })
    }
  }
  return result
}

type Wanted = readonly (readonly [key: string, value: string | undefined])[]

function put(
  items: readonly unknown[],
  { item, wanted }: { readonly item: unknown; readonly wanted: Wanted },
): unknown[] {
  const index = items.findIndex(each => matches(each, wanted))
  return index < 0 ? [...items, item] : items.with(index, item)
}

function matches(item: unknown, wanted: Wanted): boolean {
  return wanted.every(([key, value]) => {
    const text = keyText(item, key)
    return text !== undefined && (value === '' || text === value)
  })
}

function keyText(item: unknown, key: string): string | undefined {
  const value = fieldOf(item, key)
  return value === undefined || !isScalar(value) ? undefined : String(value)
}

function distinctValues(items: readonly unknown[], keys: readonly string[]): string[][] {
  const found = new Map<string, string[]>()
  for (const item of items) {
    if (keys.length === 1 && keyText(item, keys[0] ?? '') === undefined) continue
    const values = keys.map(key => keyText(item, key) ?? '')
    if (!found.has(JSON.stringify(values))) found.set(JSON.stringify(values), values)
  }
  return [...found.values()]
}

/** Two items are one if a key is the same and the others differ only where one of them leaves them out. */
function joined(values: readonly string[][]): string[][] {
  const result = [...values]
  for (let i = 0; i < result.length; i++) {
    for (let j = 0; j < result.length; j++) {
      const both = unite(result[i] ?? [], result[j] ?? [])
      if (both === undefined) continue
      result[i] = both
      result[j] = both
    }
  }
  return result
}

function unite(a: readonly string[], b: readonly string[]): string[] | undefined {
  if (a.some((value, i) => value !== b[i] && value !== '' && b[i] !== '')) return undefined
  if (!a.some((value, i) => value === b[i])) return undefined
  return a.map((value, i) => (value === '' ? (b[i] ?? '') : value))
}

/** Keys that no item writes do not count. */
function usedKeys(values: readonly string[][], keys: readonly string[]): string[] {
  const used = keys.filter((_, i) => values.some(each => each[i] !== ''))
  return used.length === 0 ? [...keys] : used
}
