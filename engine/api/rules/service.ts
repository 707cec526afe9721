import { isDnsSubdomain, isIPv4, isIPv6 } from '../names.ts'
import { show } from '../report.ts'
import type { EndpointSlice, Service, ServiceSpec } from '../types.ts'
import { type At, expectUnique, inside } from './rule.ts'

export function checkService({ spec }: Service, at: At): void {
  const here = inside(at, 'spec')
  if (spec.type === 'ExternalName') checkExternalName(spec, here)
  else checkPorts(spec, here)
  if (spec.type === 'LoadBalancer') {
    at.report.warn(
      [...here.path, 'type'],
      'is LoadBalancer, and Gantry makes no load balancer: the Service is reached by its node port',
      {
        remedy: 'write type: NodePort where that is meant',
      },
    )
  }
  if (spec.clusterIP === 'None' && spec.type !== 'ClusterIP') {
    at.report.error([...here.path, 'clusterIP'], `must not be None where type is ${spec.type}`)
  }
  if (spec.sessionAffinityConfig && spec.sessionAffinity !== 'ClientIP') {
    at.report.error([...here.path, 'sessionAffinityConfig'], 'needs sessionAffinity: ClientIP', { target: 'key' })
  }
}

function checkExternalName({ externalName = '', clusterIP }: ServiceSpec, at: At): void {
  if (!isDnsSubdomain(externalName.replace(/\.$/, ''))) {
    at.report.error([...at.path, 'externalName'], `must be a DNS name, not ${show(externalName)}`)
  }
  if (clusterIP !== undefined)
    at.report.error([...at.path, 'clusterIP'], 'must not be set where type is ExternalName', { target: 'key' })
}

function checkPorts({ ports = [], type, clusterIP }: ServiceSpec, at: At): void {
  const here = inside(at, 'ports')
  if (ports.length === 0 && clusterIP !== 'None') at.report.error(here.path, 'must have at least one port')
  expectUnique(ports, { at: here, field: 'name', key: port => port.name, what: 'port' })
  expectUnique(ports, { at: here, field: 'port', key: port => `${port.port}/${port.protocol}`, what: 'port' })
  expectUnique(ports, {
    at: here,
    field: 'nodePort',
    key: port => (port.nodePort === undefined ? undefined : `${port.nodePort}/${port.protocol}`),
    what: 'port',
  })
  for (const [i, port] of ports.entries()) {
    if (ports.length > 1 && port.name === undefined) {
      at.report.error([...here.path, i, 'name'], 'is required where a Service has several ports', {
        remedy: 'add name',
      })
    }
    if (port.nodePort !== undefined && type === 'ClusterIP') {
      at.report.error([...here.path, i, 'nodePort'], 'must not be set where type is ClusterIP', {
        remedy: 'write type: NodePort',
      })
    }
    if (port.protocol === 'SCTP') {
      at.report.error([...here.path, i, 'protocol'], 'is SCTP, which Gantry does not forward', {
        remedy: 'use TCP or UDP',
      })
    }
  }
}

export function checkEndpointSlice({ addressType, endpoints }: EndpointSlice, at: At): void {
  for (const [i, { addresses }] of endpoints.entries()) {
    const here = inside(at, 'endpoints', i, 'addresses')
    if (addresses.length === 0) at.report.error(here.path, 'must have at least one address')
    for (const [j, address] of addresses.entries()) {
      if (!fits[addressType](address))
        at.report.error([...here.path, j], `must be of type ${addressType}, not ${show(address)}`)
    }
  }
}

const fits: Readonly<Record<EndpointSlice['addressType'], (address: string) => boolean>> = {
  IPv4: isIPv4,
  IPv6: isIPv6,
  FQDN: isDnsSubdomain,
}
