import type { KubeObject } from '../api/types.ts'
import { badRequest, notAcceptable } from './status-error.ts'

/** In what shape a client wants objects. */
export type Representation =
  | { readonly as: 'object' }
  | { readonly as: 'metadata'; readonly version: string }
  | { readonly as: 'table'; readonly version: string; readonly include: IncludeObject }

/** What a row of a Table carries of its object. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/**
 * The first of the Accept header's media types that can be served.
 * @throws StatusError 406 where there is none, 400 where includeObject is none of the three
 */
export function negotiate(accept: string | undefined, query: URLSearchParams): Representation {
  for (const mediaType of (accept ?? '*/*').split(',')) {
    const representation = served(mediaType, query)
    if (representation !== undefined) return representation
  }
  throw notAcceptable()
}

function served(mediaType: string, query: URLSearchParams): Representation | undefined {
  const [type, ...rest] = mediaType.split(';').map(part => part.trim())
  if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') return undefined
  const parameters = new Map(rest.map(pair => pair.split('=', 2) as [string, string | undefined]))
  const as = parameters.get('as')
  if (as === undefined) return { as: 'object' }
  const version = parameters.get('v') ?? 'v1'
  if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  if (as === 'Table') return { as: 'table', version, include: includeObject(query.get('includeObject')) }
  return as.startsWith('PartialObjectMetadata') ? { as: 'metadata', version } : undefined
}

function includeObject(wanted: string | null): IncludeObject {
  if (wanted === null || wanted === '') return 'Metadata'
  if (wanted === 'None' || wanted === 'Metadata' || wanted === 'Object') return wanted
  throw badRequest(`includeObject must be None, Metadata or Object, not ${JSON.stringify(wanted)}`)
}

/** An object without all but its metadata. */
export function partialMetadata(object: Pick<KubeObject, 'metadata'>, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata }
}
