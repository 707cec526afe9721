import { expect, test } from 'vitest'
import type { DrainOptions } from '../../api/drain.ts'
import type { OwnerReference, Pod } from '../../api/types.ts'
import { podObject } from '../../cluster/objects/objects.fixture.ts'
import { type DrainVerdict, drainVerdict } from './drain-verdict.ts'

function ownedBy(kind: string): { ownerReferences: readonly OwnerReference[] } {
  return { ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'web', uid: 'u', controller: true }] }
}

const emptyDir = { volumes: [{ name: 'scratch', emptyDir: {} }] }
const bare = 'cannot delete Pods that declare no controller (use --force to override)'
const local = 'cannot delete Pods with local storage (use --delete-emptydir-data to override)'

interface Case {
  readonly name: string
  readonly metadata?: Partial<Pod['metadata']>
  readonly spec?: Partial<Pod['spec']>
  readonly phase?: NonNullable<Pod['status']>['phase']
  readonly options?: Partial<DrainOptions>
  readonly verdict: DrainVerdict
}

test.each<Case>([
  { name: 'of a ReplicaSet', metadata: ownedBy('ReplicaSet'), verdict: 'evict' },
  { name: 'of a DaemonSet', metadata: ownedBy('DaemonSet'), verdict: 'stay' },
  { name: 'a mirror pod', metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } }, verdict: 'stay' },
  { name: 'on its way out', metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, verdict: 'wait' },
  { name: 'bare', verdict: bare },
  { name: 'bare, by force', options: { force: true }, verdict: 'evict' },
  {
    name: 'bound to the node by the branch, which force does not move',
    metadata: { annotations: { 'gantry.dev/source': 'web.yaml' } },
    spec: { nodeName: 'a' },
    options: { force: true },
    verdict: 'cannot move Pods that the branch binds to the node (remove their spec.nodeName there)',
  },
  { name: 'bare, and ended', phase: 'Succeeded', spec: emptyDir, verdict: 'evict' },
  { name: 'with data of its own', metadata: ownedBy('ReplicaSet'), spec: emptyDir, verdict: local },
  {
    name: 'with data that may go',
    metadata: ownedBy('ReplicaSet'),
    spec: emptyDir,
    options: { deleteEmptydirData: true },
    verdict: 'evict',
  },
  { name: 'bare, by force, with data of its own', spec: emptyDir, options: { force: true }, verdict: local },
])('$name', ({ metadata = {}, spec = {}, phase = 'Running', options, verdict }) => {
  const pod = podObject('web', { metadata, spec, status: { phase } })
  expect(drainVerdict(pod, { force: false, deleteEmptydirData: false, ...options })).toBe(verdict)
})
