import { expect, test } from 'vitest'
import type { EndpointSlice } from '../engine/api/types.ts'
import { reachable } from './reachable.ts'

function slice(...nodes: string[]): EndpointSlice {
  const conditions = { ready: true, serving: true, terminating: false }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web', namespace: 'default' },
    addressType: 'IPv4',
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
    endpoints: nodes.map((nodeName, index) => ({ addresses: [`127.130.${index}.2`], conditions, nodeName })),
  }
}

test('without root a node sends traffic only to what is on it', () => {
  const slices = [slice('here', 'there', 'here'), slice('there')]
  const kept = reachable(slices, { mode: 'loopback', nodeName: 'here' })
  expect(kept.map(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses))).toEqual([
    ['127.130.0.2', '127.130.2.2'],
    [],
  ])
  expect(reachable(slices, { mode: 'bridged', nodeName: 'here' })).toBe(slices)
})
