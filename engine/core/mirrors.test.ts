import { expect, test } from 'vitest'
import type { KubeObject, Node, NodeName, NodeStatus } from '../api/types.ts'
import { Cluster } from '../cluster/cluster.ts'
import type { AssignmentDelta } from '../protocol/session.ts'
import type { Event } from './event.ts'
import { assignments, step } from './step.ts'

const options = { clusterName: 'test', serviceCIDR: '10.96.0.0/16', nodePorts: { from: 30_000, to: 32_767 } }

interface Said {
  readonly podCIDR?: string
  readonly status?: NodeStatus
}

/** A cluster, and what its agents were told of Nodes since they were last asked about. */
class Told {
  readonly #cluster = new Cluster({ startVersion: 0 })
  readonly #told: { to: NodeName; delta: AssignmentDelta }[] = []
  #ids = 0
  #now = 0

  event(event: Event): void {
    const env = { now: this.#now, newId: () => `uid-${++this.#ids}`, random: () => 0.5 }
    if (!step(this.#cluster, event, env, options).news) return
    for (const [to, delta] of assignments(this.#cluster)) this.#told.push({ to, delta })
  }
  join(name: NodeName, { podCIDR = '10.244.0.0/24', status = {} }: Said): void {
    this.event({ kind: 'joined', node: { name, labels: { of: name }, taints: [], status }, podCIDR })
  }
  say(name: NodeName, status: NodeStatus): void {
    this.event({ kind: 'node', node: { name, labels: { of: name }, taints: [], status } })
  }
  /** Until news of a node, which may wait for more, is told. */
  pass(): void {
    this.#now += 100
    this.event({ kind: 'clock' })
  }
  take(): Record<string, unknown>[] {
    this.pass()
    return this.#told
      .splice(0)
      .flatMap(({ to, delta }) => [
        ...delta.put.filter(isNode).map(node => ({ to, ...brief(node, to) })),
        ...delta.delete.map(ref => ({ to, ref })),
      ])
  }
}

function isNode(object: KubeObject): object is Node {
  return object.kind === 'Node'
}

/** The node's own object by its name, another's whole. */
function brief(node: Node, to: NodeName): Record<string, unknown> {
  return node.metadata.name === to ? { own: to, labels: node.metadata.labels } : { peer: node }
}

function at(address: string): NodeStatus {
  return {
    addresses: [
      { type: 'Hostname', address: 'host' },
      { type: 'InternalIP', address },
    ],
    capacity: { cpu: '2' },
    allocatable: { cpu: '2' },
    nodeInfo: { kernelVersion: '6.18' },
  }
}

function peer(name: string, podCIDR: string, address: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { podCIDR },
    status: { addresses: [{ type: 'InternalIP', address }] },
  }
}

test('agents hear of the other nodes what it takes to reach their pods, when it changes, and nothing else', () => {
  const told = new Told()
  told.join('a', { podCIDR: '10.244.0.0/24' })
  told.say('a', at('192.0.2.1'))
  told.take()

  told.join('b', { podCIDR: '10.244.1.0/24' })
  // b has not said its address yet: a hears nothing of it.
  expect(told.take()).toEqual([
    { to: 'b', peer: peer('a', '10.244.0.0/24', '192.0.2.1') },
    { to: 'b', own: 'b', labels: { of: 'b' } },
  ])

  told.say('b', at('192.0.2.2'))
  expect(told.take()).toEqual([
    { to: 'a', peer: peer('b', '10.244.1.0/24', '192.0.2.2') },
    { to: 'b', own: 'b', labels: { of: 'b' } },
  ])

  told.say('b', { ...at('192.0.2.2'), capacity: { cpu: '3' } })
  expect(told.take()).toEqual([{ to: 'b', own: 'b', labels: { of: 'b' } }])

  told.say('b', at('192.0.2.9'))
  expect(told.take()).toEqual([
    { to: 'a', peer: peer('b', '10.244.1.0/24', '192.0.2.9') },
    { to: 'b', own: 'b', labels: { of: 'b' } },
  ])
})

test('nodes whose addresses mean something else elsewhere hear nothing of each other', () => {
  const told = new Told()
  told.join('a', { podCIDR: '127.244.0.0/24', status: at('127.0.0.1') })
  told.join('b', { podCIDR: '127.244.1.0/24', status: at('127.0.0.1') })
  expect(told.take()).toEqual([
    { to: 'a', own: 'a', labels: { of: 'a' } },
    { to: 'b', own: 'b', labels: { of: 'b' } },
  ])
})
