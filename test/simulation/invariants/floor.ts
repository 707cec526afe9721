import type { Deployment, KubeObject, NodeName, Pod, ReplicaSet } from '../../../engine/api/types.ts'
import type { Cluster } from '../../../engine/cluster/cluster.ts'
import { isNodeReady } from '../../../engine/cluster/objects/node-state.ts'
import { isActive } from '../../../engine/cluster/objects/pod-state.ts'
import type { ObjectChange } from '../../../engine/cluster/view.ts'
import type { Step } from '../engine-process.ts'
import { empties, type NodeWish } from '../node-wishes.ts'
import { check } from './violation.ts'

/**
 * Gantry never itself stops an available pod below the Deployment's floor. What is available, each ReplicaSet says of its
 * own pods: a new minReadySeconds holds for the new generation only, as in Kubernetes.
 */
export function checkFloors({ cluster, record, now }: Step, wishOf: (node: NodeName) => NodeWish | undefined): void {
  for (const change of record) {
    const pod = stoppedPod(change)
    // People may take pods from a node, as far as budgets let them.
    if (pod && !empties(wishOf(pod.spec.nodeName ?? ''))) checkFloor(cluster, pod, now)
  }
}

/** A pod that was told to stop in this step, as it was before. */
function stoppedPod({ ref, before, after }: ObjectChange): Pod | undefined {
  if (ref.kind !== 'Pod' || !before || before.metadata.deletionTimestamp !== undefined) return undefined
  return after && after.metadata.deletionTimestamp === undefined ? undefined : (before as Pod)
}

function checkFloor(cluster: Cluster, pod: Pod, now: number): void {
  const set = ownerOf(cluster, 'ReplicaSet', pod)
  const deployment = set && ownerOf(cluster, 'Deployment', set)
  if (!deployment || deployment.spec.strategy.type === 'Recreate' || !isAvailableIn(set, pod, now)) return
  // Nobody knows whether it is available.
  const node = cluster.get('Node', pod.spec.nodeName ?? '')
  if (!node || !isNodeReady(node)) return
  const available = cluster
    .ownedBy('ReplicaSet', deployment.metadata.uid ?? '')
    .flatMap(each => cluster.ownedBy('Pod', each.metadata.uid ?? '').filter(other => isAvailableIn(each, other, now)))
    .filter(isActive).length
  const floor = floorOf(deployment)
  check(
    available >= floor,
    () =>
      `pod ${pod.metadata.name} was stopped though ${deployment.metadata.name} has ${available} available, floor ${floor}`,
  )
}

/** Worked out anew, as is what is available, not by the code that is tested: 5 replicas, 25 % unavailable: 4. */
function floorOf({ spec: { replicas, strategy } }: Deployment): number {
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy.rollingUpdate ?? {}
  const share = (value: number | string) =>
    typeof value === 'number' ? value : (Number.parseInt(value) * replicas) / 100
  const unavailable = Math.floor(share(maxUnavailable))
  return replicas - (unavailable === 0 && Math.ceil(share(maxSurge)) === 0 ? 1 : unavailable)
}

function isAvailableIn({ spec: { minReadySeconds = 0 } }: ReplicaSet, { status }: Pod, now: number): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1_000 <= now
}

export function ownerOf<K extends 'ReplicaSet' | 'Deployment'>(cluster: Cluster, kind: K, { metadata }: KubeObject) {
  const owner = metadata.ownerReferences?.[0]
  const found = owner && cluster.get(kind, `${metadata.namespace}/${owner.name}`)
  return found?.metadata.uid === owner?.uid ? found : undefined
}
