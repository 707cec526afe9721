import { expect, test } from 'vitest'
import type { Node, Pod, PodSpec } from '../api/types.ts'
import { Cluster } from '../cluster/cluster.ts'
import { nodeObject, podObject, podSpec } from '../cluster/objects/objects.fixture.ts'
import type { Env } from '../cluster/view.ts'
import { NodeInfos } from './node-infos.ts'
import { placePod } from './schedule.ts'

const env: Env = { now: Date.UTC(2026, 10, 20), newId: () => 'uid', random: () => 0 }

function asking(requests: Record<string, string>, spec: Partial<PodSpec> = {}): Partial<PodSpec> {
  const { containers } = podSpec()
  return { containers: containers.map(container => Object.assign({}, container, { resources: { requests } })), ...spec }
}

function place({ nodes, pods = [], pod }: { nodes: readonly Node[]; pods?: readonly Pod[]; pod: Pod }) {
  const cluster = new Cluster({ startVersion: 0 })
  cluster.apply(
    [...nodes, ...pods].map(object => ({ kind: 'put', object })),
    env,
  )
  return placePod(pod, cluster.observer(NodeInfos))
}

const tainted = { spec: { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' as const }] } }
const hostPort = asking(
  {},
  {
    containers: podSpec().containers.map(container =>
      Object.assign({}, container, { ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' as const }] }),
    ),
  },
)
const on = (node: string, spec: Partial<PodSpec> = {}) => podObject('other', { spec: { ...spec, nodeName: node } })

test.each<{ name: string; nodes: readonly Node[]; pods?: readonly Pod[]; spec?: Partial<PodSpec>; node: string }>([
  {
    name: 'the emptier node',
    nodes: [nodeObject('a'), nodeObject('b')],
    pods: [on('a', asking({ cpu: '1' }))],
    node: 'b',
  },
  { name: 'equal nodes: the first by name', nodes: [nodeObject('b'), nodeObject('a')], node: 'a' },
  {
    name: 'a label that is asked for',
    nodes: [nodeObject('a'), nodeObject('b', { labels: { disk: 'ssd' } })],
    spec: { nodeSelector: { disk: 'ssd' } },
    node: 'b',
  },
  {
    name: 'a taint that is tolerated',
    nodes: [nodeObject('a', tainted)],
    spec: { tolerations: [{ key: 'dedicated', value: 'db' }] },
    node: 'a',
  },
  {
    name: 'a taint that only discourages',
    nodes: [nodeObject('a', { spec: { taints: [{ key: 'old', effect: 'PreferNoSchedule' }] } }), nodeObject('b')],
    pods: [on('b', asking({ cpu: '1' }))],
    node: 'b',
  },
  {
    name: 'a node with the process runtime',
    nodes: [nodeObject('a'), nodeObject('b', { status: { runtimeHandlers: [{ name: 'process' }] } })],
    spec: { runtimeClassName: 'process' },
    node: 'b',
  },
  {
    name: 'a free host port',
    nodes: [nodeObject('a'), nodeObject('b')],
    pods: [on('a', hostPort)],
    spec: hostPort,
    node: 'b',
  },
])('places on $name', ({ nodes, pods = [], spec = {}, node }) => {
  expect(place({ nodes, pods, pod: podObject('web', { spec }) })).toEqual({ kind: 'bound', node })
})

test.each<{ name: string; nodes: readonly Node[]; pods?: readonly Pod[]; spec?: Partial<PodSpec>; message: string }>([
  { name: 'no nodes', nodes: [], message: 'no nodes available to schedule pods' },
  {
    name: 'cpu',
    nodes: [nodeObject('a')],
    spec: asking({ cpu: '3' }),
    message: '0/1 nodes are available: 1 Insufficient cpu.',
  },
  {
    name: 'what is taken counts',
    nodes: [nodeObject('a')],
    pods: [on('a', asking({ memory: '3Gi' }))],
    spec: asking({ memory: '2Gi' }),
    message: '0/1 nodes are available: 1 Insufficient memory.',
  },
  {
    name: 'an unknown resource',
    nodes: [nodeObject('a')],
    spec: asking({ 'example.com/gpu': '1' }),
    message: '0/1 nodes are available: 1 Insufficient example.com/gpu.',
  },
  {
    name: 'as many pods as it may have',
    nodes: [nodeObject('a', { status: { allocatable: { pods: '1' } } })],
    pods: [on('a')],
    message: '0/1 nodes are available: 1 Too many pods.',
  },
  {
    name: 'a taint',
    nodes: [nodeObject('a', tainted)],
    message: '0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: db}.',
  },
  {
    name: 'cordoned',
    nodes: [nodeObject('a', { spec: { unschedulable: true } })],
    message: '0/1 nodes are available: 1 node(s) were unschedulable.',
  },
  {
    name: 'not ready',
    nodes: [nodeObject('a', { status: { conditions: [] } })],
    message: '0/1 nodes are available: 1 node(s) were not ready.',
  },
  {
    name: 'a label that no node has',
    nodes: [nodeObject('a')],
    spec: { nodeSelector: { disk: 'ssd' } },
    message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  },
  {
    name: 'no container runtime',
    nodes: [nodeObject('a', { status: { runtimeHandlers: [{ name: 'process' }] } })],
    message: '0/1 nodes are available: 1 node(s) had no container runtime, which a pod with an image needs.',
  },
  {
    name: 'no process runtime',
    nodes: [nodeObject('a')],
    spec: { runtimeClassName: 'process' },
    message: '0/1 nodes are available: 1 node(s) had no runtime "process".',
  },
  {
    name: 'a taken host port',
    nodes: [nodeObject('a')],
    pods: [on('a', hostPort)],
    spec: hostPort,
    message: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  },
  {
    name: 'every node for its own reason',
    nodes: [nodeObject('a', tainted), nodeObject('b'), nodeObject('c')],
    spec: asking({ cpu: '3' }),
    message: '0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db}, 2 Insufficient cpu.',
  },
])('says why not: $name', ({ nodes, pods = [], spec = {}, message }) => {
  expect(place({ nodes, pods, pod: podObject('web', { spec }) })).toEqual({ kind: 'unschedulable', message })
})
