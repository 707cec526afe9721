import type { EndpointSlice, Service } from '../../api/types.ts'
import { ageColumn, list, nameColumn, pairs, printer, text, wide } from './printer.ts'

export const servicePrinter = printer<Service>([
  nameColumn,
  text('Type', service => service.spec.type),
  text('Cluster-IP', service => service.spec.clusterIPs?.[0] ?? service.spec.clusterIP),
  text('External-IP', externalAddress),
  text('Port(s)', servicePorts),
  ageColumn,
  wide(text('Selector', service => pairs(service.spec.selector))),
])

export const endpointSlicePrinter = printer<EndpointSlice>([
  nameColumn,
  text('AddressType', slice => slice.addressType),
  text('Ports', slicePorts),
  text('Endpoints', sliceAddresses),
  ageColumn,
])

function externalAddress({ spec, status }: Service): string | undefined {
  if (spec.type === 'ExternalName') return spec.externalName
  if (spec.type !== 'LoadBalancer') return undefined
  const { ingress } = (status?.loadBalancer ?? {}) as { ingress?: readonly { ip?: string; hostname?: string }[] }
  return list((ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? [])) ?? '<pending>'
}

/** `80:30080/TCP,53/UDP`. */
export function servicePorts({ spec }: Service): string | undefined {
  return list(
    spec.ports?.map(({ port, nodePort, protocol }) =>
      nodePort === undefined ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
    ),
  )
}

function slicePorts({ ports }: EndpointSlice): string {
  return ports.length === 0 ? '<unset>' : firstThree(ports.map(({ port }) => String(port)))
}

function sliceAddresses({ endpoints }: EndpointSlice): string {
  return endpoints.length === 0 ? '<unset>' : firstThree(endpoints.flatMap(({ addresses }) => addresses))
}

function firstThree(items: readonly string[]): string {
  const shown = items.slice(0, 3).join(',')
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown
}
