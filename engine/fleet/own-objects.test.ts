import { expect, test } from 'vitest'
import type { Node, Pod } from '../api/types.ts'
import { podObject } from '../cluster/objects/objects.fixture.ts'
import { wireguardConditionOf } from '../protocol/encryption.ts'
import type { PodReport } from '../protocol/session.ts'
import { ownPart } from './own-objects.ts'
import type { Surroundings } from './own-objects.ts'

function pod(name: string, nodeName: string | undefined, hostNetwork = false): Pod {
  return podObject(name, { spec: { ...(nodeName === undefined ? {} : { nodeName }), hostNetwork } })
}
function node(name: string, podCIDR: string, address: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { podCIDR },
    status: { addresses: [{ type: 'InternalIP', address }] },
  }
}

const pods = [pod('mine', 'one'), pod('host', 'one', true), pod('theirs', 'two'), pod('waiting', undefined)]
const nodes = [node('one', '10.244.1.0/24', '192.168.0.1'), node('two', '10.244.2.0/24', '192.168.0.2')]
const around: Surroundings = {
  node: name => nodes.find(({ metadata }) => metadata.name === name),
  nodes: () => nodes,
  pod: key => pods.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
  hasService: key => key === 'shop/web',
}
const report = (name: string, podIP?: string, uid = `uid-${name}`): PodReport => ({
  uid,
  namespace: 'shop',
  name,
  status: { phase: 'Running', ...(podIP === undefined ? {} : { podIP }) },
})
const gone = (name: string): PodReport => ({ uid: `uid-${name}`, namespace: 'shop', name, gone: true })

test.each([
  { name: 'its own pod', given: report('mine', '10.244.1.7'), foreign: undefined },
  { name: 'its own pod, which is gone', given: gone('mine'), foreign: undefined },
  { name: 'its own host', given: report('host', '192.168.0.1'), foreign: undefined },
  { name: 'its own host, which has moved', given: report('host', '192.168.0.9'), foreign: undefined },
  { name: "another node's pod", given: report('theirs'), foreign: ['pod shop/theirs, which runs on two'] },
  {
    name: "another node's pod: that it is gone",
    given: gone('theirs'),
    foreign: ['pod shop/theirs, which runs on two'],
  },
  { name: 'a pod of no node', given: report('waiting'), foreign: ['pod shop/waiting, which runs on no node'] },
  { name: 'a pod that went meanwhile', given: report('former'), foreign: [] },
  { name: 'an earlier pod of the name', given: report('mine', undefined, 'other'), foreign: [] },
  {
    name: "an address of another node's range",
    given: report('mine', '10.244.2.7'),
    foreign: ['address 10.244.2.7 of pod shop/mine'],
  },
  {
    name: 'an address of nobody',
    given: report('mine', '169.254.169.254'),
    foreign: ['address 169.254.169.254 of pod shop/mine'],
  },
  {
    name: "another node's host",
    given: report('host', '192.168.0.2'),
    foreign: ['address 192.168.0.2 of pod shop/host'],
  },
  {
    name: "another node's pod as its host",
    given: report('host', '10.244.2.7'),
    foreign: ['address 10.244.2.7 of pod shop/host'],
  },
])('a report of $name', ({ given, foreign }) => {
  expect(ownPart('one', { type: 'report', pods: [given] }, around)).toEqual({
    own: { type: 'report', pods: foreign === undefined ? [given] : [] },
    foreign: foreign ?? [],
  })
})

test.each([
  { name: 'itself', ref: { kind: 'Node', key: 'one' }, foreign: undefined },
  { name: 'its own pod', ref: { kind: 'Pod', key: 'shop/mine' }, foreign: undefined },
  { name: 'another node', ref: { kind: 'Node', key: 'two' }, foreign: ['node two'] },
  {
    name: "another node's pod",
    ref: { kind: 'Pod', key: 'shop/theirs' },
    foreign: ['pod shop/theirs, which runs on two'],
  },
  { name: 'a pod that went meanwhile', ref: { kind: 'Pod', key: 'shop/former' }, foreign: [] },
  { name: 'a Deployment', ref: { kind: 'Deployment', key: 'shop/web' }, foreign: ['Deployment shop/web'] },
  { name: "the cluster's own object", ref: { kind: 'Cluster', key: 'hello' }, foreign: ['Cluster hello'] },
])('an event of $name', ({ ref, foreign }) => {
  const event = { ref, type: 'Normal' as const, reason: 'Seen', message: 'seen' }
  expect(ownPart('one', { type: 'events', events: [event] }, around)).toEqual({
    own: { type: 'events', events: foreign === undefined ? [event] : [] },
    foreign: foreign ?? [],
  })
})

test('problems of Services that there are; and nobody fills the memory with words', () => {
  const long = 'x'.repeat(2000)
  const problems = [
    { namespace: 'shop', name: 'web', message: long },
    { namespace: 'shop', name: 'none', message: 'x' },
    { namespace: 'shop', name: 'web' },
  ]
  expect(ownPart('one', { type: 'services', problems }, around)).toEqual({
    own: {
      type: 'services',
      problems: [
        { namespace: 'shop', name: 'web', message: `${'x'.repeat(1023)}…` },
        { namespace: 'shop', name: 'web' },
      ],
    },
    foreign: [],
  })
})

test('what it says of its node is of its own, whatever it calls it', () => {
  const named = { name: 'two', labels: {}, taints: [], status: {} }
  expect(ownPart('one', { type: 'node', node: named }, around)).toEqual({
    own: { type: 'node', node: { ...named, name: 'one' } },
    foreign: ['node two'],
  })
})

test.each([
  { name: 'its own key', last: 'A', foreign: [] },
  { name: "another node's key", last: 'E', foreign: ['the WireGuard key of node two'] },
])('of WireGuard a node tells $name', ({ last, foreign }) => {
  const keyed = (name: string, letter: string): Node => {
    const condition = wireguardConditionOf({ publicKey: `${'A'.repeat(42)}${letter}=` })
    return { ...node(name, '10.244.1.0/24', '192.168.0.1'), status: { conditions: [condition] } }
  }
  const status = keyed('one', last).status ?? {}
  const said = { name: 'one', labels: {}, taints: [], status }
  const nodesThen = [keyed('one', 'A'), keyed('two', 'E')]
  expect(ownPart('one', { type: 'node', node: said }, { ...around, nodes: () => nodesThen })).toEqual({
    own: { type: 'node', node: foreign.length === 0 ? said : { ...said, status: { conditions: [] } } },
    foreign,
  })
})
