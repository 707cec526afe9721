import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Node } from '../engine/api/types.ts'
import type { Mirror } from './mirror.ts'
import { memoryNetwork } from './pods/memory-network.ts'
import { mirror } from './pods/fixtures.ts'
import { createPeers, type Peers } from './peers.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function node(name: string, podCIDR: string | undefined, address: string | undefined): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status: { addresses: address === undefined ? [] : [{ type: 'InternalIP', address }] },
  }
}
function knowing(...nodes: Node[]): Mirror {
  return { ...mirror([]), peers: () => nodes }
}

let asked: unknown[]
let failures: string[]
let troubles: string[]
let peers: Peers
beforeEach(() => {
  asked = []
  failures = []
  troubles = []
  const network = memoryNetwork({ hostAddress: '192.0.2.1' })
  network.connect = async to => {
    asked.push([to.hostAddress, ...to.peers.map(({ name, address, podCIDR }) => `${name} ${address} ${podCIDR}`)])
    const failure = failures.shift()
    if (failure !== undefined) throw new Error(failure)
  }
  peers = createPeers({ network, onTrouble: message => troubles.push(message) })
})

test('the network hears of what changed, and of nothing else', async () => {
  const b = node('b', '10.244.1.0/24', '192.0.2.2')
  peers.update(knowing(b))
  peers.update(knowing(b, node('no-range', undefined, '192.0.2.3'), node('no-address', '10.244.3.0/24', undefined)))
  peers.moved('192.0.2.1')
  peers.moved('192.0.2.9')
  peers.update(knowing())
  expect(asked).toEqual([
    ['192.0.2.1', 'b 192.0.2.2 10.244.1.0/24'],
    ['192.0.2.9', 'b 192.0.2.2 10.244.1.0/24'],
    ['192.0.2.9'],
  ])
})

test('what failed is told once and tried until it works, or until it is overtaken', async () => {
  failures = ['no bridge', 'no bridge', 'no route']
  peers.update(knowing(node('b', '10.244.1.0/24', '192.0.2.2')))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(troubles).toEqual(['no bridge', 'no route'])
  expect(asked.length).toBe(4)
  failures = ['late']
  peers.update(knowing(node('b', '10.244.1.0/24', '192.0.2.3')))
  peers.update(knowing(node('b', '10.244.1.0/24', '192.0.2.4')))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(troubles).toEqual(['no bridge', 'no route'])
  expect(asked.length).toBe(6)
})

test('closed, it tries no more', async () => {
  failures = ['no bridge']
  peers.update(knowing(node('b', '10.244.1.0/24', '192.0.2.2')))
  await vi.advanceTimersByTimeAsync(1)
  peers.close()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked.length).toBe(1)
})
