import { expect, test } from 'vitest'
import type { Endpoint, EndpointPort, EndpointSlice, Service, ServiceSpec } from '../../engine/api/types.ts'
import { proxyTable, type ProxyPort } from './table.ts'

const node = { nodeName: 'here', nodeAddress: '127.0.0.1' }

function service(spec: Partial<ServiceSpec>, name = 'web'): Service {
  const ports = [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'web' }] as const
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', sessionAffinity: 'None', ports, ...spec },
  }
}

const http: EndpointPort = { name: 'http', protocol: 'TCP', port: 8080 }
function slice(endpoints: readonly Endpoint[], changes: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'web-x', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints,
    ports: [http],
    ...changes,
  }
}

const conditions = {
  ready: { ready: true, serving: true, terminating: false },
  starting: { ready: false, serving: false, terminating: false },
  draining: { ready: false, serving: true, terminating: true },
  gone: { ready: false, serving: false, terminating: true },
}
function endpoint(address: string, condition: keyof typeof conditions = 'ready', nodeName = 'here'): Endpoint {
  return { addresses: [address], conditions: conditions[condition], nodeName }
}

/** `10.96.0.1:80 → 10.244.0.2:8080`, one a port. */
function show({ protocol, address, port, endpoints, affinitySeconds }: ProxyPort): string {
  const targets = endpoints.map(target => `${target.address}:${target.port}`).join(' ')
  return `${protocol} ${address}:${port} → ${targets}${affinitySeconds === undefined ? '' : ` for ${affinitySeconds} s`}`
}

test.each([
  {
    name: 'only ready endpoints are served',
    services: [service({})],
    slices: [
      slice([
        endpoint('10.244.0.3'),
        endpoint('10.244.0.2'),
        endpoint('10.244.0.4', 'starting'),
        endpoint('10.244.0.5', 'draining'),
      ]),
    ],
    table: ['TCP 10.96.0.1:80 → 10.244.0.2:8080 10.244.0.3:8080'],
  },
  {
    name: 'where none is ready, those that end but still serve are',
    services: [service({})],
    slices: [
      slice([endpoint('10.244.0.2', 'draining'), endpoint('10.244.0.3', 'gone'), endpoint('10.244.0.4', 'starting')]),
    ],
    table: ['TCP 10.96.0.1:80 → 10.244.0.2:8080'],
  },
  {
    name: 'a Service without endpoints has its address all the same',
    services: [service({})],
    slices: [],
    table: ['TCP 10.96.0.1:80 → '],
  },
  {
    name: 'an endpoint in two slices counts once',
    services: [service({})],
    slices: [slice([endpoint('10.244.0.2')]), slice([endpoint('10.244.0.2')])],
    table: ['TCP 10.96.0.1:80 → 10.244.0.2:8080'],
  },
  {
    name: 'ports are matched by name and protocol, and may differ from slice to slice',
    services: [
      service({
        ports: [
          { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
          { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
        ],
      }),
    ],
    slices: [
      slice([endpoint('10.244.0.2')], {
        ports: [
          { name: 'dns', protocol: 'UDP', port: 5353 },
          { name: 'dns-tcp', protocol: 'TCP', port: 5354 },
        ],
      }),
      slice([endpoint('10.244.0.3')], { ports: [{ name: 'dns', protocol: 'UDP', port: 5355 }] }),
    ],
    table: ['TCP 10.96.0.1:53 → 10.244.0.2:5354', 'UDP 10.96.0.1:53 → 10.244.0.2:5353 10.244.0.3:5355'],
  },
  {
    name: 'the one port of a Service may have no name',
    services: [service({ ports: [{ protocol: 'TCP', port: 80, targetPort: 8080 }] })],
    slices: [slice([endpoint('10.244.0.2')], { ports: [{ ...http, name: '' }] })],
    table: ['TCP 10.96.0.1:80 → 10.244.0.2:8080'],
  },
  {
    name: 'a NodePort listens on the node’s address too',
    services: [
      service({
        type: 'NodePort',
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80, nodePort: 30080 }],
      }),
    ],
    slices: [slice([endpoint('10.244.0.2')])],
    table: ['TCP 10.96.0.1:80 → 10.244.0.2:8080', 'TCP 127.0.0.1:30080 → 10.244.0.2:8080'],
  },
  {
    name: 'internal traffic that must stay on its node',
    services: [
      service({
        internalTrafficPolicy: 'Local',
        type: 'NodePort',
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80, nodePort: 30080 }],
      }),
    ],
    slices: [slice([endpoint('10.244.0.2'), endpoint('10.244.1.2', 'ready', 'there')])],
    table: ['TCP 10.96.0.1:80 → 10.244.0.2:8080', 'TCP 127.0.0.1:30080 → 10.244.0.2:8080 10.244.1.2:8080'],
  },
  {
    name: 'external traffic that must stay on its node',
    services: [
      service({
        externalTrafficPolicy: 'Local',
        type: 'NodePort',
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80, nodePort: 30080 }],
      }),
    ],
    slices: [slice([endpoint('10.244.0.2'), endpoint('10.244.1.2', 'ready', 'there')])],
    table: ['TCP 10.96.0.1:80 → 10.244.0.2:8080 10.244.1.2:8080', 'TCP 127.0.0.1:30080 → 10.244.0.2:8080'],
  },
  {
    name: 'affinity by the client’s address, for three hours where it is not said',
    services: [service({ sessionAffinity: 'ClientIP' })],
    slices: [slice([endpoint('10.244.0.2')])],
    table: ['TCP 10.96.0.1:80 → 10.244.0.2:8080 for 10800 s'],
  },
  {
    name: 'affinity for as long as is said',
    services: [service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 9 } } })],
    slices: [],
    table: ['TCP 10.96.0.1:80 →  for 9 s'],
  },
  {
    name: 'headless Services, ExternalNames and those without an address yet are not the proxy’s',
    services: [
      service({ clusterIP: 'None' }),
      service({ type: 'ExternalName', externalName: 'example.com' }),
      service({ clusterIP: '' }),
    ],
    slices: [slice([endpoint('10.244.0.2')])],
    table: [],
  },
  {
    name: 'slices of another namespace, another Service or another address family are not ours',
    services: [service({})],
    slices: [
      slice([endpoint('10.244.0.2')], {
        metadata: { namespace: 'other', name: 'x', labels: { 'kubernetes.io/service-name': 'web' } },
      }),
      slice([endpoint('10.244.0.3')], { metadata: { namespace: 'shop', name: 'y' } }),
      slice([endpoint('fd00::1')], { addressType: 'IPv6' }),
    ],
    table: ['TCP 10.96.0.1:80 → '],
  },
  {
    name: 'the order of what comes does not matter',
    services: [service({ clusterIP: '10.96.0.2' }, 'zoo'), service({}, 'ant')],
    slices: [],
    table: ['TCP 10.96.0.1:80 → ', 'TCP 10.96.0.2:80 → '],
  },
])('$name', ({ services, slices, table }) => {
  expect(proxyTable(services, slices, node).ports.map(show)).toEqual(table)
})
