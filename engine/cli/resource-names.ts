import { nearest } from '../api/nearest.ts'
import type { Resource } from '../api/registry.ts'
import type { Client } from './client.ts'
import { CliError, usageError } from './failure.ts'

/** A kind as the server serves it. */
export type ServedResource = Omit<Resource, 'kindKey' | 'model'>

/** Kinds, and where single objects are named, those: `pods,svc`, `pod web-1 web-2`, `deploy/web svc/web`. */
export interface Wanted {
  readonly resource: ServedResource
  /** Undefined: all of the kind. */
  readonly name: string | undefined
}

interface DiscoveryGroup {
  readonly metadata: { readonly name?: string }
  readonly versions: readonly {
    readonly version: string
    readonly resources: readonly {
      readonly resource: string
      readonly responseKind: { readonly kind: string }
      readonly scope: 'Namespaced' | 'Cluster'
      readonly singularResource: string
      readonly shortNames?: readonly string[]
      readonly categories?: readonly string[]
    }[]
  }[]
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

export async function servedResources(client: Client): Promise<readonly ServedResource[]> {
  const documents = await Promise.all(
    ['/api', '/apis'].map(path => client.get<{ items: readonly DiscoveryGroup[] }>(path, { accept: aggregated })),
  )
  return documents.flatMap(({ items }) =>
    items.flatMap(({ metadata, versions }) =>
      versions.flatMap(({ version, resources }) =>
        resources.map(({ resource, responseKind, scope, singularResource, shortNames = [], categories = [] }) => ({
          group: metadata.name ?? '',
          version,
          kind: responseKind.kind,
          plural: resource,
          singular: singularResource,
          shortNames,
          categories,
          namespaced: scope === 'Namespaced',
        })),
      ),
    ),
  )
}

/** What the arguments of `get` and `describe` name. @throws CliError, of a kind that is not served with the nearest that is */
export async function resolveWanted(client: Client, args: readonly string[]): Promise<readonly Wanted[]> {
  const [kinds, ...names] = args
  if (kinds === undefined) throw usageError('no kind is named', 'write gantry get pods; gantry get all shows the most')
  const served = await servedResources(client)
  if (kinds.includes('/')) {
    return args.map(arg => {
      const [kind = '', name = '', ...rest] = arg.split('/')
      if (name === '' || rest.length > 0) throw usageError(`${arg} does not name an object`, 'write deploy/web svc/web')
      return { resource: only(findResources(served, kind), kind), name }
    })
  }
  const resources = kinds.split(',').flatMap(kind => findResources(served, kind))
  if (names.length === 0) return resources.map(resource => ({ resource, name: undefined }))
  return resources.flatMap(resource => names.map(name => ({ resource, name })))
}

function only(resources: readonly ServedResource[], text: string): ServedResource {
  const [resource] = resources
  if (resource === undefined || resources.length > 1) throw usageError(`${text} means several kinds; name one`)
  return resource
}

function findResources(served: readonly ServedResource[], text: string): readonly ServedResource[] {
  const inCategory = served.filter(({ categories }) => categories.includes(text))
  if (inCategory.length > 0) return inCategory
  const found = served.find(resource => namesOf(resource).includes(text.toLowerCase()))
  if (found !== undefined) return [found]
  const near = nearest(text, served.flatMap(namesOf))
  throw new CliError(`the server doesn't have a resource type "${text}"`, {
    remedy: near === undefined ? 'kubectl api-resources lists those it has' : `did you mean ${near}?`,
  })
}

function namesOf({ plural, singular, shortNames, group, version }: ServedResource): string[] {
  const qualified = [plural, singular].flatMap(name => [`${name}.${group}`, `${name}.${version}.${group}`])
  return [plural, singular, ...shortNames, ...(group === '' ? [] : qualified)]
}

/** `deployment.apps`: how kubectl prefixes names where several kinds are shown. */
export function prefixOf({ singular, group }: ServedResource): string {
  return group === '' ? singular : `${singular}.${group}`
}

/** The path of a kind's list, or of one object. */
export function pathOf(
  resource: ServedResource,
  at: { namespace?: string | undefined; name?: string | undefined },
): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const namespace =
    resource.namespaced && at.namespace !== undefined ? `/namespaces/${encodeURIComponent(at.namespace)}` : ''
  return `${root}${namespace}/${resource.plural}${at.name === undefined ? '' : `/${encodeURIComponent(at.name)}`}`
}
