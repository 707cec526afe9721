import { expect, test } from 'vitest'
import { taintKeys } from '../../api/node-taints.ts'
import type { Labels, Node, Taint } from '../../api/types.ts'
import { type NodeWords, spokenNode, voicesOf, wordsOf } from './node-fields.ts'
import { nodeObject } from './objects.fixture.ts'

const agent: NodeWords = {
  labels: { 'kubernetes.io/hostname': 'a', zone: 'x' },
  taints: [{ key: 'gpu', value: 'old', effect: 'NoSchedule' }],
}
const silent: Taint = { key: taintKeys.unreachable, effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }

interface Case {
  readonly name: string
  readonly reported?: NodeWords
  readonly desired?: NodeWords
  readonly before?: Partial<Pick<Node, 'spec'>> & { readonly annotations?: Labels }
  readonly labels?: Labels
  readonly annotations?: Labels
  readonly taints?: readonly Taint[]
  readonly unschedulable?: boolean
}

test.each<Case>([
  { name: 'the agent alone', reported: agent, labels: agent.labels ?? {}, taints: agent.taints ?? [] },
  {
    name: 'the branch alone',
    desired: { labels: { zone: 'y' }, annotations: { note: 'new' }, unschedulable: true },
    labels: { zone: 'y' },
    annotations: { note: 'new' },
    unschedulable: true,
  },
  {
    name: 'both: the branch wins where both speak',
    reported: agent,
    desired: { labels: { zone: 'y', disk: 'ssd' }, taints: [{ key: 'gpu', value: 'new', effect: 'NoSchedule' }] },
    labels: { 'kubernetes.io/hostname': 'a', zone: 'y', disk: 'ssd' },
    taints: [{ key: 'gpu', value: 'new', effect: 'NoSchedule' }],
  },
  {
    name: 'a taint of another effect stands beside',
    reported: agent,
    desired: { taints: [{ key: 'gpu', effect: 'NoExecute' }] },
    labels: agent.labels ?? {},
    taints: [...(agent.taints ?? []), { key: 'gpu', effect: 'NoExecute' }],
  },
  {
    name: 'taints of conditions are the cluster’s, and stay',
    reported: { taints: [{ key: taintKeys.notReady, effect: 'NoExecute' }] },
    desired: { taints: [{ key: taintKeys.memoryPressure, effect: 'NoSchedule' }] },
    before: { spec: { taints: [silent] } },
    taints: [silent],
  },
  {
    name: 'a taint that stays keeps its time',
    desired: { taints: [{ key: 'old', effect: 'NoExecute' }] },
    before: { spec: { taints: [{ key: 'old', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }] } },
    taints: [{ key: 'old', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }],
  },
  {
    name: 'an agent claims no label by which nodes are trusted',
    reported: { labels: { 'node-restriction.kubernetes.io/pci': 'yes', 'node-role.kubernetes.io/control-plane': '' } },
  },
  {
    name: 'the branch may',
    desired: { labels: { 'node-restriction.kubernetes.io/pci': 'yes' } },
    labels: { 'node-restriction.kubernetes.io/pci': 'yes' },
  },
  {
    name: 'what others wrote stays; what the branch no longer says goes',
    before: { annotations: { 'gantry.dev/desired': '{"annotations":{"note":"old"}}', note: 'old', theirs: 'kept' } },
    annotations: { theirs: 'kept' },
  },
  {
    name: 'a node that is to be drained takes no pod',
    desired: { annotations: { 'gantry.dev/drain': 'true' } },
    annotations: { 'gantry.dev/drain': 'true' },
    unschedulable: true,
  },
])('$name', ({ reported, desired, before, labels = {}, annotations = {}, taints = [], unschedulable }) => {
  const node = nodeObject('a', { spec: { podCIDR: '10.244.0.0/24', ...before?.spec } })
  const known = { ...node, metadata: { ...node.metadata, annotations: before?.annotations ?? {} } }
  const spoken = spokenNode(known, { desired, reported })
  const { 'gantry.dev/desired': _, 'gantry.dev/reported': __, ...shown } = spoken.metadata.annotations ?? {}
  expect({ labels: spoken.metadata.labels, annotations: shown, spec: spoken.spec, status: spoken.status }).toEqual({
    labels,
    annotations,
    spec: { podCIDR: '10.244.0.0/24', taints, ...(unschedulable === undefined ? {} : { unschedulable }) },
    status: node.status,
  })
  expect(voicesOf(spoken)).toEqual({ desired, reported })
  expect(spokenNode(spoken, voicesOf(spoken))).toEqual(spoken)
})

test('what a manifest says, without times and where it stands', () => {
  const manifest: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a', labels: { zone: 'y' }, annotations: { 'gantry.dev/source': 'nodes/a.yaml' } },
    spec: { unschedulable: false, taints: [{ key: 'old', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }] },
  }
  expect(wordsOf(manifest)).toEqual({ labels: { zone: 'y' }, taints: [{ key: 'old', effect: 'NoExecute' }] })
})
