import type { FieldPath } from '../api/report.ts'

/** An object of a document and the way to it. */
export interface Member {
  readonly value: unknown
  readonly path: FieldPath
}

/**
 * The objects that a document holds: itself, or the items of a `List` (`v1` List, `apps/v1` DeploymentList, …), whose
 * items may leave out what the list's own kind says.
 */
export function membersOf(value: unknown, path: FieldPath = []): Member[] {
  const list = asList(value)
  if (list === undefined) return [{ value, path }]
  return list.items.flatMap((item, index) => membersOf(withKind(item, list), [...path, 'items', index]))
}

interface List {
  readonly apiVersion: unknown
  readonly kind: string
  readonly items: readonly unknown[]
}

function asList(value: unknown): List | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('items' in value)) return undefined
  const { kind, items } = value
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return undefined
  return { kind, items, apiVersion: 'apiVersion' in value ? value.apiVersion : undefined }
}

function withKind(item: unknown, list: List): unknown {
  const kind = list.kind.slice(0, -'List'.length)
  if (kind === '' || typeof item !== 'object' || item === null || 'kind' in item) return item
  return { apiVersion: list.apiVersion, kind, ...item }
}
