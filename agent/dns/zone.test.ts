import { expect, test } from 'vitest'
import type { Question } from 'dns-packet'
import type { Endpoint, EndpointSlice, Service, ServiceSpec } from '../../engine/api/types.ts'
import { answerQuestion } from './answer.ts'
import { zoneOf } from './zone.ts'

function service(name: string, spec: Partial<ServiceSpec>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name },
    spec: { type: 'ClusterIP', sessionAffinity: 'None', ...spec },
  }
}

function slice(name: string, endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: `${name}-x`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'client', protocol: 'TCP', port: 6379 }],
  }
}

function endpoint(address: string, rest: { hostname?: string; ready?: boolean } = {}): Endpoint {
  const { hostname, ready = true } = rest
  const conditions = { ready, serving: ready, terminating: false }
  return { addresses: [address], conditions, ...(hostname === undefined ? {} : { hostname }) }
}

const http = { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 } as const
const zone = zoneOf(
  [
    service('web', {
      clusterIP: '10.96.0.7',
      ports: [http, { ...http, name: 'metrics', protocol: 'UDP', port: 9090 }],
    }),
    service('redis', { clusterIP: 'None', ports: [{ ...http, name: 'client', port: 6379 }] }),
    service('empty', { clusterIP: 'None' }),
    service('old', { type: 'ExternalName', externalName: 'db.example.com.' }),
    service('alias', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' }),
    service('circle', { type: 'ExternalName', externalName: 'circle.shop.svc.cluster.local' }),
    service('unallocated', {}),
  ],
  [
    slice('web', [endpoint('10.244.0.9')]),
    slice('redis', [
      endpoint('10.244.0.3', { hostname: 'redis-0' }),
      endpoint('10.244.0.4'),
      endpoint('10.244.0.5', { ready: false }),
    ]),
  ],
  { domain: 'Cluster.Local' },
)

/** `answers` as `NAME TYPE DATA`; `no data` and `no such name` are Kubernetes's two ways of saying no. */
function ask(name: string, type: string): unknown {
  const verdict = answerQuestion(zone, { name, type } as Question, 0)
  if (verdict.kind === 'forward') return 'not ours'
  if (verdict.rcode === 'NXDOMAIN') return `no such name, says ${verdict.authorities[0]?.name}`
  const shown = verdict.answers.map(answer => {
    const { data } = answer as { data: unknown }
    const text = typeof data === 'string' ? data : Object.values(data as object).join(' ')
    return `${answer.type} ${text}${'ttl' in answer && answer.ttl === 5 ? '' : ' with another ttl'}`
  })
  if (verdict.outside !== undefined) return [...shown, `and whatever is at ${verdict.outside}`]
  return shown.length === 0 && verdict.authorities.length === 1 ? 'no data' : shown
}

const no = 'no such name, says cluster.local'
test.each([
  { name: 'web.shop.svc.cluster.local', type: 'A', says: ['A 10.96.0.7'] },
  { name: 'WEB.Shop.svc.CLUSTER.local', type: 'A', says: ['A 10.96.0.7'] },
  { name: 'web.shop.svc.cluster.local', type: 'AAAA', says: 'no data' },
  { name: 'web.shop.svc.cluster.local', type: 'MX', says: 'no data' },
  { name: 'web.shop.svc.cluster.local', type: 'ANY', says: ['A 10.96.0.7'] },
  { name: '_http._tcp.web.shop.svc.cluster.local', type: 'SRV', says: ['SRV 0 100 80 web.shop.svc.cluster.local'] },
  {
    name: '_metrics._udp.web.shop.svc.cluster.local',
    type: 'SRV',
    says: ['SRV 0 100 9090 web.shop.svc.cluster.local'],
  },
  { name: '_metrics._tcp.web.shop.svc.cluster.local', type: 'SRV', says: no },
  { name: '_tcp.web.shop.svc.cluster.local', type: 'SRV', says: 'no data' },
  { name: '10-244-0-9.web.shop.svc.cluster.local', type: 'A', says: ['A 10.244.0.9'] },
  { name: 'redis.shop.svc.cluster.local', type: 'A', says: ['A 10.244.0.3', 'A 10.244.0.4'] },
  { name: 'redis-0.redis.shop.svc.cluster.local', type: 'A', says: ['A 10.244.0.3'] },
  { name: '10-244-0-4.redis.shop.svc.cluster.local', type: 'A', says: ['A 10.244.0.4'] },
  { name: '10-244-0-5.redis.shop.svc.cluster.local', type: 'A', says: no },
  {
    name: '_client._tcp.redis.shop.svc.cluster.local',
    type: 'SRV',
    says: [
      'SRV 0 100 6379 redis-0.redis.shop.svc.cluster.local',
      'SRV 0 100 6379 10-244-0-4.redis.shop.svc.cluster.local',
    ],
  },
  { name: 'empty.shop.svc.cluster.local', type: 'A', says: 'no data' },
  { name: 'unallocated.shop.svc.cluster.local', type: 'A', says: no },
  {
    name: 'old.shop.svc.cluster.local',
    type: 'A',
    says: ['CNAME db.example.com', 'and whatever is at db.example.com'],
  },
  { name: 'old.shop.svc.cluster.local', type: 'CNAME', says: ['CNAME db.example.com'] },
  { name: 'alias.shop.svc.cluster.local', type: 'A', says: ['CNAME web.shop.svc.cluster.local', 'A 10.96.0.7'] },
  {
    name: 'circle.shop.svc.cluster.local',
    type: 'A',
    says: Array.from({ length: 8 }, () => 'CNAME circle.shop.svc.cluster.local'),
  },
  { name: '10-244-0-77.shop.pod.cluster.local', type: 'A', says: ['A 10.244.0.77'] },
  { name: '10-244-0-777.shop.pod.cluster.local', type: 'A', says: no },
  { name: '10-244-0-77.pod.cluster.local', type: 'A', says: no },
  { name: '7.0.96.10.in-addr.arpa', type: 'PTR', says: ['PTR web.shop.svc.cluster.local'] },
  { name: '3.0.244.10.in-addr.arpa', type: 'PTR', says: ['PTR redis-0.redis.shop.svc.cluster.local'] },
  { name: '8.0.96.10.in-addr.arpa', type: 'PTR', says: 'not ours' },
  { name: 'dns-version.cluster.local', type: 'TXT', says: ['TXT 1.1.0'] },
  { name: 'shop.svc.cluster.local', type: 'A', says: 'no data' },
  { name: 'svc.cluster.local', type: 'A', says: 'no data' },
  { name: 'cluster.local', type: 'A', says: 'no data' },
  { name: 'web.other.svc.cluster.local', type: 'A', says: no },
  { name: 'example.com.shop.svc.cluster.local', type: 'A', says: no },
  { name: 'example.com', type: 'A', says: 'not ours' },
  { name: 'notcluster.local', type: 'A', says: 'not ours' },
])('$name $type', ({ name, type, says }) => {
  expect(ask(name, type)).toEqual(says)
})

function firstOf(turn: number): unknown {
  const verdict = answerQuestion(zone, { name: 'redis.shop.svc.cluster.local', type: 'A' }, turn)
  return verdict.kind === 'answer' ? verdict.answers[0] : undefined
}

test('addresses take turns', () => {
  const record = { type: 'A', name: 'redis.shop.svc.cluster.local', ttl: 5 }
  expect([firstOf(1), firstOf(2)]).toEqual([
    { ...record, data: '10.244.0.4' },
    { ...record, data: '10.244.0.3' },
  ])
})

test('SRV answers bring the addresses of their targets', () => {
  const verdict = answerQuestion(zone, { name: '_http._tcp.web.shop.svc.cluster.local', type: 'SRV' }, 0)
  expect(verdict.kind === 'answer' && verdict.additionals).toEqual([
    { type: 'A', name: 'web.shop.svc.cluster.local', ttl: 5, data: '10.96.0.7' },
  ])
})
