import { expect, test } from 'vitest'
import type { Labels, NodeStatus, Taint } from '../../api/types.ts'
import { reportedNode } from './join.ts'

interface Machine {
  readonly labels: Labels
  readonly taints: readonly Taint[]
}

const looked: NodeStatus = { allocatable: { cpu: '4' } }
const dedicated: Taint = { key: 'dedicated', value: 'db', effect: 'NoSchedule' }
const database: Machine = { labels: { disk: 'ssd' }, taints: [dedicated] }
const other: Machine = { labels: { disk: 'hdd' }, taints: [] }
const unknown: Machine = { labels: {}, taints: [] }

test.each([
  { name: 'a node that is new', was: undefined, says: database, status: looked, is: database },
  { name: 'a new one that has not looked at its machine yet', was: undefined, says: unknown, status: {}, is: unknown },
  { name: 'a node that became another machine', was: database, says: other, status: looked, is: other },
  {
    name: 'until it has looked, it is the machine that it was',
    was: database,
    says: unknown,
    status: {},
    is: database,
  },
])('$name', ({ was, says, status, is }) => {
  const before =
    was && reportedNode({ name: 'a', ...was, status: looked }, { before: undefined, podCIDR: undefined, now: 0 })
  const { metadata, spec } = reportedNode({ name: 'a', ...says, status }, { before, podCIDR: undefined, now: 0 })
  expect({ labels: metadata.labels, taints: spec.taints }).toEqual(is)
})
