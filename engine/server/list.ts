import type { KubeObject } from '../api/types.ts'
import { refOf } from '../api/reference.ts'
import type { ReadOptions } from './read-options.ts'
import { invalid, readOptions, wholeNumber } from './read-options.ts'
import type { Representation } from './representation.ts'
import { partialMetadata } from './representation.ts'
import type { Resource } from '../api/registry.ts'
import { apiVersionOf } from '../api/registry.ts'
import { badRequest, expired, tooLargeResourceVersion, tooOldResourceVersion } from './status-error.ts'
import type { Store } from './store.ts'
import { tableColumns, tableRow } from './table.ts'

/** How long a request waits for a resourceVersion that is still to come. */
export const futureWaitMs = 3_000

/** One page of a list: objects, and where the next page begins. */
export interface Page {
  readonly resourceVersion: number
  readonly items: readonly KubeObject[]
  readonly continue: string
  /** How many follow; undefined where a selector would have to be tried on each to tell. */
  readonly remaining: number | undefined
}

/** Where a list goes on. All its pages show the state at the first one's resourceVersion. */
interface Continuation {
  readonly resourceVersion: number
  /** The key of the last object of the page before. */
  readonly after: string
}

/** @throws StatusError 400, 410, 422 or 504 */
export async function readPage(
  store: Store,
  request: { resource: Resource; namespace: string | undefined; query: URLSearchParams },
): Promise<Page> {
  const options = readOptions(request.query, request)
  const limit = wholeNumber(request.query, 'limit') ?? 0
  const token = request.query.get('continue') ?? ''
  if (token !== '') return continuedPage(store, { request, options, limit, continuation: decode(token) })

  if (options.match !== undefined && options.resourceVersion === undefined) {
    throw invalid('resourceVersionMatch', 'it is forbidden without a resourceVersion')
  }
  const wanted = options.resourceVersion ?? 0
  if (!(await store.reached(wanted, { timeoutMs: futureWaitMs }))) {
    throw tooLargeResourceVersion(wanted, store.resourceVersion)
  }
  if (options.match === 'Exact') {
    const items = store.listAt(request.resource.kindKey, { resourceVersion: wanted, ...inNamespace(options) })
    if (items === undefined) throw tooOldResourceVersion(wanted, store.resourceVersion)
    return page(items, { options, limit, resourceVersion: wanted })
  }
  const items = store.list(request.resource.kindKey, options.namespace)
  return page(items, { options, limit, resourceVersion: store.resourceVersion })
}

function continuedPage(
  store: Store,
  list: { request: { resource: Resource }; options: ReadOptions; limit: number; continuation: Continuation },
): Page {
  const { options, limit, continuation } = list
  const { resourceVersion, after } = continuation
  const items = store.listAt(list.request.resource.kindKey, { resourceVersion, ...inNamespace(options) })
  if (items === undefined) {
    throw expired(
      'The provided continue parameter is too old to display a consistent list result; list again from the start',
    )
  }
  return page(
    items.filter(object => refOf(object).key > after),
    { options, limit, resourceVersion },
  )
}

function inNamespace({ namespace }: ReadOptions): { namespace?: string } {
  return namespace === undefined ? {} : { namespace }
}

function page(
  all: readonly KubeObject[],
  { options, limit, resourceVersion }: { options: ReadOptions; limit: number; resourceVersion: number },
): Page {
  const selected = all.filter(options.selects)
  const items = limit === 0 ? selected : selected.slice(0, limit)
  const last = items.at(-1)
  if (last === undefined || items.length === selected.length) {
    return { resourceVersion, items, continue: '', remaining: undefined }
  }
  return {
    resourceVersion,
    items,
    continue: encode({ resourceVersion, after: refOf(last).key }),
    remaining: options.narrowed ? undefined : selected.length - items.length,
  }
}

function encode(continuation: Continuation): string {
  return Buffer.from(JSON.stringify(continuation)).toString('base64url')
}

function decode(token: string): Continuation {
  try {
    const { resourceVersion, after } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Partial<Continuation>
    if (Number.isSafeInteger(resourceVersion) && resourceVersion !== undefined && typeof after === 'string') {
      return { resourceVersion, after }
    }
  } catch {
    // Not JSON: no token of ours either.
  }
  throw badRequest('continue key is not valid: it is not one that this server gave; list again from the start')
}

/** The page in the client's representation, in pieces: a long list is never one string. */
export function* renderPage(
  page: Page,
  { resource, representation }: { resource: Resource; representation: Representation },
): Generator<string> {
  const metadata = {
    resourceVersion: String(page.resourceVersion),
    ...(page.continue === '' ? {} : { continue: page.continue }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  }
  const now = Date.now()
  switch (representation.as) {
    case 'object': {
      const head = { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata }
      return yield* renderList(head, { field: 'items', items: page.items, render: object => object })
    }
    case 'metadata': {
      const { version } = representation
      const head = { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}`, metadata }
      return yield* renderList(head, {
        field: 'items',
        items: page.items,
        render: object => partialMetadata(object, version),
      })
    }
    case 'table': {
      const { version, include } = representation
      const columnDefinitions = tableColumns(resource.kindKey)
      const head = { kind: 'Table', apiVersion: `meta.k8s.io/${version}`, metadata, columnDefinitions }
      return yield* renderList(head, {
        field: 'rows',
        items: page.items,
        render: object => tableRow(object, { kind: resource.kindKey, now, version, include }),
      })
    }
  }
}

/** `{…head, "items": […]}`, an item a piece. */
function* renderList(
  head: object,
  list: { field: string; items: readonly KubeObject[]; render: (object: KubeObject) => object },
): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"${list.field}":[`
  let separator = ''
  for (const object of list.items) {
    yield separator + JSON.stringify(list.render(object))
    separator = ','
  }
  yield ']}\n'
}
