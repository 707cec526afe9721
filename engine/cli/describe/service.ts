import type { Endpoint, EndpointPort, EndpointSlice, Service, ServicePort } from '../../api/types.ts'
import { selectorText } from '../../server/columns/selector-text.ts'
import type { ReadList } from './block.ts'
import { annotationLines, labelLines } from './block.ts'

export async function describeService(service: Service, read: ReadList): Promise<readonly string[]> {
  const { metadata, spec } = service
  const slices = await read<EndpointSlice>(
    `/apis/discovery.k8s.io/v1/namespaces/${metadata.namespace ?? ''}/endpointslices`,
    { labelSelector: `kubernetes.io/service-name=${metadata.name}` },
  )
  const { ipFamilyPolicy, ipFamilies } = spec as { ipFamilyPolicy?: string; ipFamilies?: readonly string[] }
  const addresses = spec.clusterIPs ?? []
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    ...labelLines(metadata),
    ...annotationLines(metadata),
    `Selector:\t${spec.selector === undefined ? '<none>' : (selectorText({ matchLabels: spec.selector }) ?? '<none>')}`,
    `Type:\t${spec.type}`,
    ...(ipFamilyPolicy === undefined ? [] : [`IP Family Policy:\t${ipFamilyPolicy}`]),
    `IP Families:\t${ipFamilies === undefined ? '<none>' : ipFamilies.join(',')}`,
    `IP:\t${spec.clusterIP ?? ''}`,
    `IPs:\t${addresses.length === 0 ? '<none>' : addresses.join(',')}`,
    ...(spec.externalName === undefined ? [] : [`External Name:\t${spec.externalName}`]),
    ...(spec.ports ?? []).flatMap(port => portLines(port, slices)),
    `Session Affinity:\t${spec.sessionAffinity}`,
    ...(spec.externalTrafficPolicy === undefined ? [] : [`External Traffic Policy:\t${spec.externalTrafficPolicy}`]),
    ...(spec.internalTrafficPolicy === undefined ? [] : [`Internal Traffic Policy:\t${spec.internalTrafficPolicy}`]),
  ]
}

function portLines(port: ServicePort, slices: readonly EndpointSlice[]): string[] {
  const name = port.name === undefined || port.name === '' ? '<unset>' : port.name
  return [
    `Port:\t${name}\t${port.port}/${port.protocol}`,
    `TargetPort:\t${port.targetPort}/${port.protocol}`,
    ...(port.nodePort === undefined ? [] : [`NodePort:\t${name}\t${port.nodePort}/${port.protocol}`]),
    `Endpoints:\t${endpointText(port, slices)}`,
  ]
}

const endpointsShown = 3

function endpointText({ name = '' }: ServicePort, slices: readonly EndpointSlice[]): string {
  const endpoints = slices.flatMap(slice =>
    slice.ports
      .filter(port => port.name === name)
      .flatMap(({ port }) =>
        slice.endpoints
          .filter(({ conditions }) => conditions.ready)
          .flatMap(({ addresses }) => addresses.map(address => `${address}:${port}`)),
      ),
  )
  const shown = endpoints.slice(0, endpointsShown).join(',')
  return endpoints.length > endpointsShown ? `${shown} + ${endpoints.length - endpointsShown} more...` : shown
}

export function describeEndpointSlice({ metadata, addressType, ports, endpoints }: EndpointSlice): readonly string[] {
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    ...labelLines(metadata),
    ...annotationLines(metadata),
    `AddressType:\t${addressType}`,
    ...(ports.length === 0 ? ['Ports: <unset>'] : slicePortLines(ports)),
    ...(endpoints.length === 0 ? ['Endpoints: <none>'] : ['Endpoints:', ...endpoints.flatMap(endpointLines)]),
  ]
}

function slicePortLines(ports: readonly EndpointPort[]): string[] {
  const rows = ports.map(({ name, port, protocol }) => `  ${name === '' ? '<unset>' : name}\t${port}\t${protocol}`)
  return ['Ports:', '  Name\tPort\tProtocol', '  ----\t----\t--------', ...rows]
}

function endpointLines({ addresses, conditions, hostname, nodeName, targetRef }: Endpoint): string[] {
  return [
    `  - Addresses:\t${addresses.join(', ')}`,
    '    Conditions:',
    `      Ready:\t${conditions.ready}`,
    `    Hostname:\t${hostname ?? '<unset>'}`,
    ...(targetRef === undefined ? [] : [`    TargetRef:\t${targetRef.kind}/${targetRef.name}`]),
    `    NodeName:\t${nodeName ?? '<unset>'}`,
    '    Zone:\t<unset>',
  ]
}
