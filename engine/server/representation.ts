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
  for (const mediaType of mediaTypes(accept)) {
    const representation = served(mediaType, query)
    if (representation !== undefined) return representation
  }
  throw notAcceptable()
}

/** One of the types that an Accept header lists: `application/json;as=Table;v=v1;g=meta.k8s.io`. */
export interface MediaType {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** In the order in which the client lists them, which is that of its preference. */
export function mediaTypes(accept: string | undefined): MediaType[] {
  return (accept ?? '*/*').split(',').map(mediaType => {
    const [type = '', ...rest] = mediaType.split(';').map(part => part.trim())
    const pairs = rest.map(pair => pair.split('=', 2))
    return { type, parameters: new Map(pairs.map(([name = '', value = '']) => [name, value])) }
  })
}

function served({ type, parameters }: MediaType, query: URLSearchParams): Representation | undefined {
  if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') return undefined
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
