import type { NodeName, Pod } from '../../../engine/api/types.ts'
import { isNodeReady } from '../../../engine/cluster/objects/node-state.ts'
import { isFinished } from '../../../engine/cluster/objects/pod-state.ts'
import type { Step } from '../engine-process.ts'
import { dedicated, type Machine } from '../machines.ts'
import { lets, type NodeWish } from '../node-wishes.ts'
import { check } from './violation.ts'

export interface Nodes {
  /** What a node may be by the engine's knowledge: a crash may throw that back to the machine before. */
  readonly machines: (node: NodeName) => readonly Machine[]
  /** What the branch says of it. */
  readonly wishOf: (node: NodeName) => NodeWish | undefined
}

/** A pod only comes to a node that is ready, that it asks for, that bears it, and that has room. */
export function checkPlacements({ cluster, record }: Step, { machines, wishOf }: Nodes): void {
  for (const { ref, before, after } of record) {
    if (ref.kind !== 'Pod' || !after) continue
    const pod = after as Pod
    const { nodeName } = pod.spec
    if (nodeName === undefined || (before as Pod | undefined)?.spec.nodeName !== undefined) continue
    const node = cluster.get('Node', nodeName)
    const says = () => `${pod.metadata.name} comes to ${nodeName}`
    check(node !== undefined && isNodeReady(node), () => `${says()}, which is not ready`)
    check(lets(wishOf(nodeName), { database: isDatabase(pod) }), () => `${says()}, which is ${wishOf(nodeName)}`)
    const others = cluster.podsOn(nodeName).filter(each => !isFinished(each))
    check(
      machines(nodeName).some(machine => suits(pod, machine) && holds(machine, others)),
      () => `${says()}, which does not suit it or has no room`,
    )
  }
}

function isDatabase({ spec }: Pod): boolean {
  return spec.tolerations?.some(({ key }) => key === dedicated.key) === true
}

function suits({ spec: { nodeSelector = {}, tolerations = [] } }: Pod, { labels, taints }: Machine): boolean {
  return (
    Object.entries(nodeSelector).every(([name, value]) => labels[name] === value) &&
    taints
      .filter(({ effect }) => effect !== 'PreferNoSchedule')
      .every(taint => tolerations.some(({ key, value }) => key === taint.key && value === taint.value))
  )
}

function holds(machine: Machine, pods: readonly Pod[]): boolean {
  const cores = pods.reduce((sum, { spec }) => sum + Number(spec.containers[0]?.resources?.requests?.['cpu'] ?? 0), 0)
  return pods.length <= machine.pods && cores <= machine.cpu + 1e-6
}
