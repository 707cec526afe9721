import { expect, test } from 'vitest'
import { taintKeys } from '../api/node-taints.ts'
import type { Node, Pod } from '../api/types.ts'
import { nodeObject, podObject } from '../cluster/objects/objects.fixture.ts'
import { obstacle } from './filters.ts'
import { NodeInfo } from './node-info.ts'
import { podInfo } from './pod-info.ts'

type QosClass = NonNullable<Pod['status']>['qosClass']
const everything = { tolerations: [{ operator: 'Exists' as const }] }
const cordoned = nodeObject('a', { spec: { unschedulable: true } })
const drained: Node = {
  ...cordoned,
  metadata: { ...cordoned.metadata, annotations: { 'gantry.dev/drain': 'true' } },
}
const pressed = nodeObject('a', { spec: { taints: [{ key: taintKeys.memoryPressure, effect: 'NoSchedule' }] } })

function pod({
  qosClass = 'BestEffort',
  owner,
  spec = {},
}: {
  qosClass?: QosClass
  owner?: string
  spec?: object
}): Pod {
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: owner ?? '', name: 'web', uid: 'u', controller: true }]
  return podObject('web', {
    metadata: owner === undefined ? {} : { ownerReferences },
    spec,
    status: { phase: 'Pending', ...(qosClass === undefined ? {} : { qosClass }) },
  })
}

test.each<{ name: string; node: Node; pod: Pod; keptBy: string | undefined }>([
  { name: 'a cordon keeps pods away', node: cordoned, pod: pod({}), keptBy: 'NodeUnschedulable' },
  { name: 'but for those that tolerate it', node: cordoned, pod: pod({ spec: everything }), keptBy: undefined },
  {
    name: 'a drain keeps them away too: they would be evicted',
    node: drained,
    pod: pod({ spec: everything }),
    keptBy: 'NodeDrained',
  },
  {
    name: 'but for those of DaemonSets',
    node: drained,
    pod: pod({ owner: 'DaemonSet', spec: everything }),
    keptBy: undefined,
  },
  {
    name: 'memory pressure keeps those away that ask for nothing',
    node: pressed,
    pod: pod({}),
    keptBy: 'TaintToleration',
  },
  { name: 'and lets others come', node: pressed, pod: pod({ qosClass: 'Burstable' }), keptBy: undefined },
])('$name', ({ node, pod: given, keptBy }) => {
  expect(obstacle(podInfo(given), new NodeInfo(node))?.name).toBe(keptBy)
})
