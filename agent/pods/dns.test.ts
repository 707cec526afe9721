import { expect, test } from 'vitest'
import type { PodSpec } from '../../engine/api/types.ts'
import { hostAliasesOf, hostnameOf, parseResolvConf, podDns, type ResolvConf } from './dns.ts'
import { pod } from './fixtures.ts'

const host = parseResolvConf(
  '# of the machine\nnameserver 192.0.2.53\nsearch old.example\nsearch example.org\noptions edns0 timeout:2\n',
)
const cluster: ResolvConf = {
  nameservers: ['10.244.0.1'],
  searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.org'],
  options: [{ name: 'ndots', value: '5' }],
}

test.each<{ name: string; spec: Partial<PodSpec>; dnsAddress?: string; is: ResolvConf | undefined }>([
  { name: 'ClusterFirst', spec: {}, dnsAddress: '10.244.0.1', is: cluster },
  { name: 'ClusterFirst where there is no cluster DNS', spec: {}, is: undefined },
  { name: 'ClusterFirst on the host network', spec: { hostNetwork: true }, dnsAddress: '10.244.0.1', is: undefined },
  {
    name: 'ClusterFirstWithHostNet',
    spec: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    dnsAddress: '10.244.0.1',
    is: cluster,
  },
  { name: 'Default', spec: { dnsPolicy: 'Default' }, dnsAddress: '10.244.0.1', is: undefined },
  {
    name: 'Default and more',
    spec: {
      dnsPolicy: 'Default',
      dnsConfig: { searches: ['own.example'], options: [{ name: 'timeout', value: '1' }] },
    },
    is: {
      nameservers: ['192.0.2.53'],
      searches: ['example.org', 'own.example'],
      options: [{ name: 'edns0' }, { name: 'timeout', value: '1' }],
    },
  },
  {
    name: 'None',
    spec: { dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.9'] } },
    is: { nameservers: ['192.0.2.9'], searches: [], options: [] },
  },
])('$name', ({ spec, dnsAddress, is }) => {
  expect(podDns(pod('p', { spec }), { dnsAddress, clusterDomain: 'cluster.local', host })).toEqual(is)
})

test('names', () => {
  expect(hostnameOf(pod(`${'a'.repeat(62)}-b`))).toBe('a'.repeat(62))
  const named = pod('p', { spec: { hostname: 'db-0', subdomain: 'db', hostAliases: [{ ip: '192.0.2.7' }] } })
  expect(hostAliasesOf(named, { ip: '10.0.0.2', clusterDomain: 'cluster.local' })).toEqual([
    { ip: '10.0.0.2', hostnames: ['db-0.db.shop.svc.cluster.local', 'db-0'] },
    { ip: '192.0.2.7', hostnames: [] },
  ])
})
