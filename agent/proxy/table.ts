/** What the proxy of a node serves, computed from Services and EndpointSlices as kube-proxy does. Pure. */
import { compareText } from '../../engine/api/stable.ts'
import type { Endpoint, EndpointSlice, NodeName, Service, ServicePort } from '../../engine/api/types.ts'

export interface ProxyTable {
  /** Sorted by namespace, name, protocol, address and port. */
  readonly ports: readonly ProxyPort[]
}

/** One address that is listened on, and where its traffic goes. */
export interface ProxyPort {
  readonly namespace: string
  /** The Service's. */
  readonly name: string
  readonly protocol: 'TCP' | 'UDP'
  readonly address: string
  readonly port: number
  /** Sorted, none twice. None at all: connections are refused. */
  readonly endpoints: readonly ProxyEndpoint[]
  /** Session affinity by the client's address: how long after its last connection a client comes back to its endpoint. */
  readonly affinitySeconds?: number
}

export interface ProxyEndpoint {
  readonly address: string
  readonly port: number
}

/** Kubernetes's own default. */
const defaultAffinitySeconds = 10_800

export function proxyTable(
  services: readonly Service[],
  endpointSlices: readonly EndpointSlice[],
  node: { nodeName: NodeName; nodeAddress: string },
): ProxyTable {
  const slices = slicesByService(endpointSlices)
  const ports = services.flatMap(service =>
    hasAddress(service) ? servicePorts(service, slices.get(serviceKey(service.metadata)) ?? [], node) : [],
  )
  return { ports: ports.sort(compare) }
}

export function portKey({ protocol, address, port }: ProxyPort): string {
  return `${protocol} ${address}:${port}`
}

export function endpointKey({ address, port }: ProxyEndpoint): string {
  return `${address}:${port}`
}

/** Headless Services and ExternalNames are DNS's alone. */
function hasAddress({ spec }: Service): boolean {
  return (
    spec.type !== 'ExternalName' && spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None'
  )
}

function servicePorts(
  service: Service,
  slices: readonly EndpointSlice[],
  node: { nodeName: NodeName; nodeAddress: string },
): ProxyPort[] {
  const { spec, metadata } = service
  const { clusterIP = '' } = spec
  return (spec.ports ?? []).flatMap(port => {
    const { protocol } = port
    // SCTP is refused when the Service is validated.
    if (protocol === 'SCTP') return []
    const candidates = candidatesOf(port, slices)
    const toEndpoints = (policy: 'Cluster' | 'Local' | undefined): readonly ProxyEndpoint[] =>
      usable(candidates.filter(({ endpoint }) => policy !== 'Local' || endpoint.nodeName === node.nodeName))
    const common = { namespace: metadata.namespace ?? 'default', name: metadata.name, protocol, ...affinity(service) }
    const cluster = {
      ...common,
      address: clusterIP,
      port: port.port,
      endpoints: toEndpoints(spec.internalTrafficPolicy),
    }
    if (port.nodePort === undefined) return [cluster]
    const external = {
      address: node.nodeAddress,
      port: port.nodePort,
      endpoints: toEndpoints(spec.externalTrafficPolicy),
    }
    return [cluster, { ...common, ...external }]
  })
}

function affinity({ spec }: Service): { affinitySeconds?: number } {
  if (spec.sessionAffinity !== 'ClientIP') return {}
  return { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds }
}

interface Candidate {
  readonly endpoint: Endpoint
  readonly port: number
}

function candidatesOf(port: ServicePort, slices: readonly EndpointSlice[]): readonly Candidate[] {
  return slices.flatMap(slice => {
    const target = slice.ports.find(({ name, protocol }) => name === (port.name ?? '') && protocol === port.protocol)
    return target === undefined ? [] : slice.endpoints.map(endpoint => ({ endpoint, port: target.port }))
  })
}

/** Ready ones; where none is, those that end but still serve: better than refusing everybody. */
function usable(candidates: readonly Candidate[]): readonly ProxyEndpoint[] {
  const ready = candidates.filter(({ endpoint }) => endpoint.conditions.ready)
  const chosen =
    ready.length > 0
      ? ready
      : candidates.filter(({ endpoint: { conditions } }) => conditions.serving && conditions.terminating)
  const targets = chosen.flatMap(({ endpoint, port }) =>
    endpoint.addresses.slice(0, 1).map(address => ({ address, port })),
  )
  return [...new Map(targets.map(target => [endpointKey(target), target])).values()].sort(compareEndpoints)
}

function slicesByService(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const byService = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const name = slice.metadata.labels?.['kubernetes.io/service-name']
    if (name === undefined || slice.addressType !== 'IPv4') continue
    const key = serviceKey({ ...slice.metadata, name })
    const known = byService.get(key)
    if (known) known.push(slice)
    else byService.set(key, [slice])
  }
  return byService
}

function serviceKey({ namespace = 'default', name }: { namespace?: string; name: string }): string {
  return `${namespace}/${name}`
}

function compare(a: ProxyPort, b: ProxyPort): number {
  return compareText(sortKey(a), sortKey(b)) || a.port - b.port
}

function sortKey({ namespace, name, protocol, address }: ProxyPort): string {
  return [namespace, name, protocol, address].join(' ')
}

function compareEndpoints(a: ProxyEndpoint, b: ProxyEndpoint): number {
  return compareText(a.address, b.address) || a.port - b.port
}
