/**
 * The names of a cluster, as Kubernetes gives them
 * (https://github.com/kubernetes/dns/blob/master/docs/specification.md, version 1.1.0). Pure.
 */
import type { Endpoint, EndpointSlice, Service } from '../../engine/api/types.ts'

export interface Zone {
  /** `cluster.local`: names that end with it are answered here and nowhere else. */
  readonly domain: string
  /** By lower-case name without a dot at its end; a name above one with records is there too, without records. */
  readonly names: ReadonlyMap<string, Records>
}

export interface Records {
  readonly A?: readonly string[]
  readonly SRV?: readonly SrvRecord[]
  readonly CNAME?: string
  readonly PTR?: readonly string[]
  readonly TXT?: string
}

export interface SrvRecord {
  readonly target: string
  readonly port: number
}

interface MutableRecords {
  A?: string[]
  SRV?: SrvRecord[]
  CNAME?: string
  PTR?: string[]
  TXT?: string
}

const noSlices: readonly EndpointSlice[] = []
const specification = '1.1.0'

export function zoneOf(
  services: readonly Service[],
  endpointSlices: readonly EndpointSlice[],
  options: { domain: string },
): Zone {
  const domain = options.domain.toLowerCase()
  const builder = new ZoneBuilder(domain)
  builder.at(`dns-version.${domain}`).TXT = specification
  builder.at(`pod.${domain}`)
  const slices = byService(endpointSlices)
  for (const service of services) {
    const { namespace = 'default', name } = service.metadata
    addService(builder, service, slices.get(`${namespace}/${name}`) ?? noSlices)
  }
  return { domain, names: builder.names }
}

function addService(builder: ZoneBuilder, service: Service, slices: readonly EndpointSlice[]): void {
  const { spec, metadata } = service
  const name = `${metadata.name}.${metadata.namespace ?? 'default'}.svc.${builder.domain}`
  if (spec.type === 'ExternalName') {
    if (spec.externalName !== undefined) builder.at(name).CNAME = spec.externalName.replace(/\.$/, '')
    return
  }
  const headless = spec.clusterIP === 'None'
  if (headless) builder.at(name)
  else if (spec.clusterIP) {
    builder.address(name, spec.clusterIP)
    builder.pointer(spec.clusterIP, name)
    for (const { name: portName, protocol, port } of spec.ports ?? []) {
      if (portName) builder.port(name, { portName, protocol, target: name, port })
    }
  }
  for (const slice of slices) {
    for (const endpoint of slice.endpoints) addEndpoint(builder, { name, headless, slice, endpoint })
  }
}

function addEndpoint(
  builder: ZoneBuilder,
  options: { name: string; headless: boolean; slice: EndpointSlice; endpoint: Endpoint },
): void {
  const { name, headless, slice, endpoint } = options
  const [address] = endpoint.addresses
  if (address === undefined || !endpoint.conditions.ready) return
  const own = `${endpoint.hostname ?? address.replaceAll('.', '-')}.${name}`
  builder.address(own, address)
  if (!headless) return
  builder.address(name, address)
  builder.pointer(address, own)
  for (const { name: portName, protocol, port } of slice.ports) {
    if (portName) builder.port(name, { portName, protocol, target: own, port })
  }
}

class ZoneBuilder {
  readonly domain: string
  readonly names = new Map<string, MutableRecords>()

  constructor(domain: string) {
    this.domain = domain
  }

  /** The records of a name. The names above it exist from now on, up to the domain. */
  at(name: string): MutableRecords {
    const key = name.toLowerCase()
    const known = this.names.get(key)
    if (known) return known
    const records: MutableRecords = {}
    this.names.set(key, records)
    if (key !== this.domain && key.endsWith(`.${this.domain}`)) this.at(key.slice(key.indexOf('.') + 1))
    return records
  }

  address(name: string, address: string): void {
    const records = this.at(name)
    records.A ??= []
    if (!records.A.includes(address)) records.A.push(address)
  }

  pointer(address: string, name: string): void {
    const records = this.at(`${address.split('.').reverse().join('.')}.in-addr.arpa`)
    records.PTR ??= []
    if (!records.PTR.includes(name)) records.PTR.push(name)
  }

  port(name: string, options: { portName: string; protocol: string; target: string; port: number }): void {
    const { portName, protocol, target, port } = options
    const records = this.at(`_${portName}._${protocol}.${name}`)
    records.SRV ??= []
    if (!records.SRV.some(known => known.target === target && known.port === port)) records.SRV.push({ target, port })
  }
}

/** IPv4 alone: pods have no other addresses. */
function byService(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const found = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name']
    if (service === undefined || slice.addressType !== 'IPv4') continue
    const key = `${slice.metadata.namespace ?? 'default'}/${service}`
    const known = found.get(key)
    if (known) known.push(slice)
    else found.set(key, [slice])
  }
  return found
}
