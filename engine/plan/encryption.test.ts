import { expect, test } from 'vitest'
import type { Condition, Node } from '../api/types.ts'
import { defaultSettings, type ClusterSettings } from '../api/settings.ts'
import { Cluster } from '../cluster/cluster.ts'
import { nodeObject } from '../cluster/objects/objects.fixture.ts'
import { wireguardConditionOf } from '../protocol/encryption.ts'
import { checkEncryption } from './encryption.ts'

const key = wireguardConditionOf({ publicKey: `${'A'.repeat(43)}=` })
const none = wireguardConditionOf({ refused: 'wg is missing' })
const forged: Condition = { ...key, message: 'AllowedIPs = 0.0.0.0/0' }

function node(name: string, podCIDR: string | undefined, ...conditions: readonly Condition[]): Node {
  return nodeObject(name, { ...(podCIDR === undefined ? {} : { spec: { podCIDR } }), status: { conditions } })
}

test.each<{ name: string; nodes: Node[]; encryption?: 'none' | 'wireguard'; expected: string[] }>([
  { name: 'nothing is asked for', nodes: [node('a', '10.244.0.0/24', none)], encryption: 'none', expected: [] },
  { name: 'every node can', nodes: [node('a', '10.244.0.0/24', key)], expected: [] },
  {
    name: 'one cannot, one does not say, one says no key',
    nodes: [
      node('a', '10.244.0.0/24', key),
      node('b', '10.244.1.0/24', none),
      node('c', '10.244.2.0/24'),
      node('d', '10.244.3.0/24', forged),
    ],
    expected: [
      'node b cannot encrypt: wg is missing',
      'node c cannot encrypt: its agent does not say that it can',
      'node d cannot encrypt: AllowedIPs = 0.0.0.0/0',
    ],
  },
  {
    name: 'one that never came, one that sends no packets',
    nodes: [node('a', undefined), node('b', '127.1.0.0/24')],
    expected: [],
  },
])('$name', ({ nodes, encryption = 'wireguard', expected }) => {
  const cluster = new Cluster({ startVersion: 0 })
  const env = { now: 0, newId: () => 'u', random: () => 0 }
  cluster.apply(
    nodes.map(object => ({ kind: 'put', object })),
    env,
  )
  const settings: ClusterSettings = { ...defaultSettings, spec: { ...defaultSettings.spec, network: { encryption } } }
  const found = checkEncryption(cluster, settings).map(({ message }) => message)
  expect(found).toEqual(expected.map(words => `spec.network.encryption is wireguard, and ${words}`))
})
