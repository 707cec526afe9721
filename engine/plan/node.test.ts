import { expect, test } from 'vitest'
import type { Manifest } from '../api/manifest.ts'
import type { Node } from '../api/types.ts'
import { Cluster } from '../cluster/cluster.ts'
import { spokenNode } from '../cluster/objects/node-fields.ts'
import { nodeObject } from '../cluster/objects/objects.fixture.ts'
import { describePlan } from './describe.ts'
import { plan } from './plan.ts'

const env = { now: 0, newId: () => 'u1', random: () => 0 }
const asked: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'a', labels: { zone: 'y' } },
  spec: { unschedulable: true },
}
const there = spokenNode(nodeObject('a', { spec: { podCIDR: '10.244.0.0/24' } }), {
  desired: undefined,
  reported: { labels: { zone: 'x', 'kubernetes.io/os': 'linux' } },
})
const away = { ...there, status: { conditions: [{ type: 'Ready', status: 'Unknown' as const }] } }

function clusterOf(...nodes: readonly Node[]): Cluster {
  const cluster = new Cluster({ startVersion: 0 })
  cluster.apply(
    nodes.map(object => ({ kind: 'put', object })),
    env,
  )
  return cluster
}

/** Plans for the manifests, carries the plan out, and says what it was. */
function carryOut(cluster: Cluster, ...wanted: readonly Node[]): string[] {
  const manifests: Manifest[] = wanted.map(object => ({ object, origin: { file: 'a.yaml', line: 1, column: 1 } }))
  const planned = plan(cluster, manifests)
  cluster.apply(
    planned.steps.map(step =>
      step.kind === 'delete' ? { kind: 'delete', ref: step.ref } : { kind: 'put', object: step.after },
    ),
    env,
  )
  return describePlan(planned)
}

function shown(cluster: Cluster): object | undefined {
  const node = cluster.get('Node', 'a')
  return node && { labels: node.metadata.labels, unschedulable: node.spec.unschedulable ?? false }
}

test('a manifest of a node that is there: its words are added, the same again changes nothing, and they are taken back', () => {
  const cluster = clusterOf(there)
  expect(carryOut(cluster, asked)).toEqual([
    '~ Node a  label zone "x" → "y", now from a.yaml, unschedulable = true',
    'plan: 0 to create, 1 to change, 0 to delete',
  ])
  expect(shown(cluster)).toEqual({ labels: { zone: 'y', 'kubernetes.io/os': 'linux' }, unschedulable: true })
  expect(cluster.get('Node', 'a')?.spec.podCIDR).toBe('10.244.0.0/24')
  expect(carryOut(cluster, asked)).toEqual(['plan: nothing to change'])
  expect(carryOut(cluster)).toEqual([
    '~ Node a  label zone "y" → "x", no longer in git, unschedulable removed',
    'plan: 0 to create, 1 to change, 0 to delete',
  ])
  expect(cluster.get('Node', 'a')?.metadata.annotations).toEqual(there.metadata.annotations)
  expect(shown(cluster)).toEqual({ labels: { zone: 'x', 'kubernetes.io/os': 'linux' }, unschedulable: false })
})

test.each([
  { name: 'one that nobody has seen goes', cluster: clusterOf() },
  { name: 'one that is away goes for good', cluster: clusterOf(away) },
])('a manifest that is removed: $name', ({ cluster }) => {
  carryOut(cluster, asked)
  expect(carryOut(cluster)).toEqual(['- Node a', 'plan: 0 to create, 0 to change, 1 to delete'])
  expect(shown(cluster)).toBeUndefined()
})
