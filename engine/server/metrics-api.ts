/** `/apis/metrics.k8s.io/v1beta1`: what nodes and pods use, as metrics-server tells it. */
import { keyOf } from '../api/reference.ts'
import type { Resource } from '../api/registry.ts'
import { toTime } from '../api/time.ts'
import type { Node, NodeName, ObjectMeta, Pod, PodStatus } from '../api/types.ts'
import type { NetworkUsage, NodeUsage, Usage } from '../protocol/streams.ts'
import { selectByLabels } from './selection.ts'
import { StatusError, unknownPath } from './status-error.ts'
import type { Store } from './store.ts'

/** What nodes use, of those that answer. */
export type MeasureUsage = () => Promise<ReadonlyMap<NodeName, NodeUsage>>

const group = 'metrics.k8s.io'
const version = 'v1beta1'
const apiVersion = `${group}/${version}`

export const metricsResources: readonly Resource[] = [
  metricsResource('NodeMetrics', { plural: 'nodes', namespaced: false }),
  metricsResource('PodMetrics', { plural: 'pods', namespaced: true }),
]

function metricsResource(kind: string, { plural, namespaced }: { plural: string; namespaced: boolean }): Resource {
  const kindKey = `${kind}.${group}`
  return { group, version, kind, plural, singular: '', shortNames: [], namespaced, categories: [], kindKey }
}

export function isMetricsPath([root, name, , ...rest]: readonly string[]): boolean {
  return root === 'apis' && name === group && rest.length > 0
}

interface Measured {
  readonly metadata: ObjectMeta
}

/** The body that answers. @throws StatusError */
export async function metricsDocument(
  parts: readonly string[],
  { store, measure, query }: { store: Store; measure: MeasureUsage; query: URLSearchParams },
): Promise<object> {
  const [, , asked, ...rest] = parts
  const namespace = rest[0] === 'namespaces' ? rest[1] : undefined
  const [plural, name, ...beyond] = namespace === undefined ? rest : rest.slice(2)
  const resource = metricsResources.find(each => each.plural === plural)
  if (asked !== version || resource === undefined || beyond.length > 0) throw unknownPath()
  if (resource.namespaced ? name !== undefined && namespace === undefined : namespace !== undefined) throw unknownPath()
  const usage = await measure()
  const items: readonly Measured[] = resource.namespaced ? podMetrics(store, usage) : nodeMetrics(store, usage)
  const { kind } = resource
  if (name !== undefined) {
    const item = items.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
    if (item === undefined) throw notMeasured(kind, keyOf(name, namespace))
    return { kind, apiVersion, ...item }
  }
  const selector = query.get('labelSelector') ?? ''
  const selects = selector === '' ? () => true : selectByLabels(selector)
  const listed = items.filter(
    item =>
      (namespace === undefined || item.metadata.namespace === namespace) &&
      selects({ apiVersion, kind, metadata: item.metadata }),
  )
  return { kind: `${kind}List`, apiVersion, metadata: {}, items: listed }
}

function nodeMetrics(store: Store, usage: ReadonlyMap<NodeName, NodeUsage>): readonly Measured[] {
  return store.list('Node').flatMap(object => {
    const { metadata } = object as Node
    const measured = usage.get(metadata.name)
    if (measured === undefined) return []
    return [{ ...head(metadata, measured), usage: quantities(measured.node), ...networkOf([measured.node]) }]
  })
}

/** A node's word counts for the pods that are bound to it, and for no others. */
function podMetrics(store: Store, usage: ReadonlyMap<NodeName, NodeUsage>): readonly Measured[] {
  return store.list('Pod').flatMap(object => {
    const { metadata, spec, status } = object as Pod
    const measured = usage.get(spec.nodeName ?? '')
    const containers = measured?.containers.filter(({ podUid }) => podUid === metadata.uid) ?? []
    if (measured === undefined || containers.length === 0) return []
    const used = containers
      .map(({ container, ...rest }) => ({ name: container, usage: quantities(rest), ...restartsOf(container, status) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    return [{ ...head(metadata, measured), containers: used, ...networkOf(containers) }]
  })
}

function head(
  { name, namespace, labels }: ObjectMeta,
  { at, windowMs }: NodeUsage,
): { metadata: ObjectMeta; timestamp: string; window: string } {
  const timestamp = toTime(at)
  const own = namespace === undefined ? {} : { namespace }
  const metadata = { name, ...own, creationTimestamp: timestamp, ...(labels === undefined ? {} : { labels }) }
  return { metadata, timestamp, window: `${(windowMs / 1000).toFixed(3)}s` }
}

function quantities({ cpuNanocores, memoryBytes }: Usage): { cpu: string; memory: string } {
  return { cpu: `${cpuNanocores}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` }
}

/** Beyond what metrics-server tells: its clients pass over fields that they do not know. */
function networkOf(measured: readonly Usage[]): { readonly network?: NetworkUsage } {
  const network = measured.find(each => each.network !== undefined)?.network
  return network === undefined ? {} : { network }
}

function restartsOf(container: string, status: PodStatus | undefined): { readonly restarts?: number } {
  const restarts = status?.containerStatuses?.find(({ name }) => name === container)?.restartCount
  return restarts === undefined ? {} : { restarts }
}

function notMeasured(kind: string, key: string): StatusError {
  const resource = kind.toLowerCase()
  return new StatusError(`${resource}.${group} "${key}" not found`, {
    code: 404,
    reason: 'NotFound',
    details: { name: key, group, kind: resource },
  })
}
