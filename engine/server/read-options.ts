import type { KubeObject } from '../api/types.ts'
import type { Resource } from '../api/registry.ts'
import type { Selection } from './selection.ts'
import { selectByFields, selectByLabels } from './selection.ts'
import { badRequest, StatusError } from './status-error.ts'

/** The query of a list or watch, read and checked. */
export interface ReadOptions {
  readonly namespace: string | undefined
  readonly selects: Selection
  /** Whether anything but the namespace narrows the request. */
  readonly narrowed: boolean
  /** 0: any will do. Undefined: the newest. */
  readonly resourceVersion: number | undefined
  readonly match: 'Exact' | 'NotOlderThan' | undefined
}

/** @throws StatusError 400 or 422 where a parameter makes no sense */
export function readOptions(
  query: URLSearchParams,
  { resource, namespace }: { resource: Resource; namespace: string | undefined },
): ReadOptions {
  const labels = query.get('labelSelector') ?? ''
  const fields = query.get('fieldSelector') ?? ''
  const selections: Selection[] = []
  if (namespace !== undefined) selections.push(object => object.metadata.namespace === namespace)
  if (labels !== '') selections.push(selectByLabels(labels))
  if (fields !== '') selections.push(selectByFields(fields, resource.kindKey))
  const match = query.get('resourceVersionMatch') ?? ''
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalid('resourceVersionMatch', `must be Exact or NotOlderThan, not ${JSON.stringify(match)}`)
  }
  return {
    namespace,
    selects: (object: KubeObject) => selections.every(matches => matches(object)),
    narrowed: labels !== '' || fields !== '',
    resourceVersion: wholeNumber(query, 'resourceVersion'),
    match: match === '' ? undefined : match,
  }
}

/** A parameter that counts something; undefined where it is absent or empty. @throws StatusError 400 */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw badRequest(`${name} must be a whole number of 0 or more, not ${JSON.stringify(text)}`)
  }
  return value
}

/** As Go reads a bool in a query: absent is false, the bare name is true. */
export function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  return text !== null && !['0', 'f', 'F', 'false', 'False', 'FALSE'].includes(text)
}

export function invalid(field: string, why: string): StatusError {
  return new StatusError(`${field} is invalid: ${why}`, {
    code: 422,
    reason: 'Invalid',
    details: { causes: [{ reason: 'FieldValueForbidden', message: why, field }] },
  })
}
