import type { KubeObject, Pod } from '../api/types.ts'
import { keyOf } from '../api/reference.ts'
import type { OpenStream } from './controls.ts'
import { aggregated, coreVersions, group, groupList, resourceList, versionInfo } from './discovery.ts'
import { isMetricsPath, metricsDocument, metricsResources } from './metrics-api.ts'
import type { MeasureUsage } from './metrics-api.ts'
import { readPage, renderPage } from './list.ts'
import { servePodLog } from './pod-log.ts'
import { flag } from './read-options.ts'
import type { Representation } from './representation.ts'
import { mediaTypes, negotiate, partialMetadata } from './representation.ts'
import type { Resource } from '../api/registry.ts'
import { apiVersionOf } from '../api/registry.ts'
import { servedResources } from './resources.ts'
import type { Exchange } from './respond.ts'
import { send, sendJson } from './respond.ts'
import { badRequest, notFound, readOnly, unknownPath } from './status-error.ts'
import type { Store } from './store.ts'
import { isStreamSubresource } from './streams/pod-stream.ts'
import type { StreamSubresource } from './streams/pod-stream.ts'
import { table, tableColumns, tableRow } from './table.ts'
import type { Watch } from './watch.ts'
import { startWatch } from './watch.ts'

/** The Kubernetes API, for reading. */
export interface KubeApi {
  /** Answers a request below /api, /apis or /version. @throws StatusError */
  serve(exchange: Exchange, url: URL): Promise<void>
  /** The pod whose streams a path names. @throws StatusError 404 */
  podStream(url: URL): { pod: Pod; subresource: StreamSubresource }
  /** The watches being served. */
  readonly watches: ReadonlySet<Watch>
}

/** What a path below `/api/v1` or `/apis/<group>/<version>` names. */
interface Target {
  readonly resource: Resource
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
}

export function createKubeApi(options: {
  store: Store
  openStream: OpenStream
  measure: MeasureUsage
  version: string
}): KubeApi {
  const { store, openStream } = options
  const watches = new Set<Watch>()
  return { serve, podStream, watches }

  async function serve(exchange: Exchange, url: URL): Promise<void> {
    const { request } = exchange
    if (isStreamSubresource(url.pathname.split('/').at(-1))) throw badRequest('Upgrade request required')
    if (request.method !== 'GET' && request.method !== 'HEAD') throw readOnly(request.method ?? '')
    const parts = partsOf(url)
    const resources = servedResources(store)
    const discovered = [...resources, ...metricsResources]
    if (isMetricsPath(parts)) {
      const { store, measure } = options
      return sendJson(exchange, await metricsDocument(parts, { store, measure, query: url.searchParams }))
    }
    const document = discoveryDocument(parts, {
      resources: discovered,
      accept: request.headers.accept,
      version: options.version,
    })
    if (document !== undefined) {
      if (document.contentType === undefined) return sendJson(exchange, document.body)
      return send(exchange, [JSON.stringify(document.body)], { code: 200, contentType: document.contentType })
    }
    const target = findTarget(parts, resources)
    if (target.subresource !== undefined) return serveSubresource(exchange, url, target)
    const representation = negotiate(request.headers.accept, url.searchParams)
    if (target.name !== undefined) return serveOne(exchange, target, representation)
    if (flag(url.searchParams, 'watch')) return serveWatch(exchange, url, { ...target, representation })
    const page = await readPage(store, { ...target, query: url.searchParams })
    const pieces = renderPage(page, { resource: target.resource, representation })
    return send(exchange, pieces, { code: 200, contentType: 'application/json' })
  }

  function podStream(url: URL): { pod: Pod; subresource: StreamSubresource } {
    const target = findTarget(partsOf(url), servedResources(store))
    const { resource, subresource } = target
    if (resource.kindKey !== 'Pod' || !isStreamSubresource(subresource)) throw unknownPath()
    return { pod: find(target) as Pod, subresource }
  }

  function find({ resource, namespace, name = '' }: Target): KubeObject {
    const object = store.get(resource.kindKey, keyOf(name, namespace))
    if (object === undefined) throw notFound(resource, name)
    return object
  }

  async function serveOne(exchange: Exchange, target: Target, representation: Representation): Promise<void> {
    await sendJson(exchange, represent(find(target), { resource: target.resource, representation }))
  }

  async function serveSubresource(exchange: Exchange, url: URL, target: Target): Promise<void> {
    if (target.resource.kindKey !== 'Pod' || target.subresource !== 'log') throw unknownPath()
    await servePodLog(find(target) as Pod, { ...exchange, query: url.searchParams, openStream })
  }

  async function serveWatch(
    { response }: Exchange,
    url: URL,
    target: Target & { representation: Representation },
  ): Promise<void> {
    await startWatch(store, { ...target, query: url.searchParams, response, watches })
  }
}

function partsOf(url: URL): readonly string[] {
  const segments = url.pathname.split('/').filter(segment => segment !== '')
  return segments.map(decodeSegment)
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw unknownPath()
  }
}

/** What `/version`, `/api`, `/apis` and the groups below them say of themselves; undefined for any other path. */
function discoveryDocument(
  parts: readonly string[],
  { resources, accept, version }: { resources: readonly Resource[]; accept: string | undefined; version: string },
): { body: object; contentType?: string } | undefined {
  const [root] = parts
  if (root === 'version' && parts.length === 1) return { body: versionInfo(version) }
  if (root !== 'api' && root !== 'apis') throw unknownPath()
  if (parts.length > 1) {
    const body = groupDocument(parts, resources)
    return body === undefined ? undefined : { body }
  }
  const core = root === 'api'
  const aggregatedVersion = wantedAggregation(accept)
  if (aggregatedVersion === undefined) return { body: core ? coreVersions() : groupList(resources) }
  return {
    body: aggregated(resources, { version: aggregatedVersion, core }),
    contentType: `application/json;g=apidiscovery.k8s.io;v=${aggregatedVersion};as=APIGroupDiscoveryList`,
  }
}

function wantedAggregation(accept: string | undefined): string | undefined {
  return mediaTypes(accept)
    .filter(({ parameters }) => parameters.get('as') === 'APIGroupDiscoveryList')
    .map(({ parameters }) => parameters.get('v'))
    .find(version => version === 'v2' || version === 'v2beta1')
}

function groupDocument([root, ...names]: readonly string[], resources: readonly Resource[]): object | undefined {
  const [name = ''] = names
  if (root === 'apis' && names.length === 1) return group(resources, name)
  return names.length === (root === 'api' ? 1 : 2) ? resourceList(resources, names.join('/')) : undefined
}

/** @throws StatusError 404 */
function findTarget(parts: readonly string[], resources: readonly Resource[]): Target {
  const depth = parts[0] === 'api' ? 2 : 3
  const apiVersion = parts.slice(1, depth).join('/')
  const rest = parts.slice(depth)
  // `namespaces/x` is a namespace itself, `namespaces/x/pods` are objects in it.
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined
  const [plural, name, subresource, ...beyond] = namespace === undefined ? rest : rest.slice(2)
  const resource = resources.find(each => each.plural === plural && apiVersionOf(each) === apiVersion)
  if (resource === undefined || beyond.length > 0) throw unknownPath()
  if (namespace !== undefined && !resource.namespaced) throw unknownPath()
  // An object that belongs to a namespace is only found in it.
  if (namespace === undefined && resource.namespaced && name !== undefined) throw unknownPath()
  return { resource, namespace, name, subresource }
}

function represent(
  object: KubeObject,
  { resource, representation }: { resource: Resource; representation: Representation },
): object {
  switch (representation.as) {
    case 'object':
      return object
    case 'metadata':
      return partialMetadata(object, representation.version)
    case 'table': {
      const { version, include } = representation
      const row = tableRow(object, { kind: resource.kindKey, now: Date.now(), version, include })
      const metadata = { resourceVersion: object.metadata.resourceVersion }
      return table([row], { version, metadata, columns: tableColumns(resource.kindKey) })
    }
  }
}
