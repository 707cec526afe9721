import { clusterKind, type ClusterObject } from '../../../engine/api/cluster-object.ts'
import { parseQuantity } from '../../../engine/api/quantity.ts'
import { describeRef, refOf } from '../../../engine/api/reference.ts'
import { equal } from '../../../engine/api/stable.ts'
import type { KubeObject, Pod } from '../../../engine/api/types.ts'
import type { Cluster } from '../../../engine/cluster/cluster.ts'
import { clusterNetwork, peerNode } from '../../../engine/core/peers.ts'
import { check } from '../invariants/violation.ts'
import type { CrowdAgent } from './crowd-agent.ts'
import type { Crowd } from './crowd.ts'

/** At rest: everything that was asked for runs, each pod once, where the cluster says, and every node knows what it should. */
export function checkWhole({ cluster, agents }: Crowd): void {
  checkDeployments(cluster)
  checkCapacity(cluster)
  checkRuns(cluster, agents)
  for (const agent of agents) if (agent.mirror) checkMirror(cluster, agent)
}

/** Pods that were told to end, and of which something may be left. */
export function endingPods(cluster: Cluster): readonly Pod[] {
  return cluster.list('Pod').filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
}

function checkDeployments(cluster: Cluster): void {
  const pods = cluster.list('Pod').length
  const asked = cluster.list('Deployment').reduce((sum, { spec }) => sum + spec.replicas, 0)
  check(pods === asked, () => `there are ${pods} pods where ${asked} are asked for`)
  for (const { metadata, spec, status } of cluster.list('Deployment')) {
    const { replicas, updatedReplicas, availableReplicas } = status ?? {}
    const isWhole = [replicas, updatedReplicas, availableReplicas].every(count => count === spec.replicas)
    check(isWhole, () => `Deployment ${metadata.name} has ${availableReplicas} of ${spec.replicas} available`)
  }
}

function checkCapacity(cluster: Cluster): void {
  for (const { metadata, status } of cluster.list('Node')) {
    const pods = cluster.podsOn(metadata.name)
    const asked = (name: string): number =>
      pods.reduce((sum, { spec }) => sum + parseQuantity(spec.containers[0]?.resources.requests?.[name] ?? '0'), 0)
    const offered = (name: string): number => parseQuantity(status?.allocatable?.[name] ?? '0')
    check(pods.length <= offered('pods'), () => `${metadata.name} has ${pods.length} pods`)
    for (const name of ['cpu', 'memory'])
      check(asked(name) <= offered(name) * (1 + 1e-9), () => `${metadata.name} gives more ${name} than it has`)
  }
}

/** What agents run and what the cluster holds are the same pods on the same nodes. */
function checkRuns(cluster: Cluster, agents: readonly CrowdAgent[]): void {
  let running = 0
  for (const { name, running: pods } of agents) {
    running += pods.size
    for (const [key, { pod }] of pods) {
      const known = cluster.get('Pod', key)
      const isSame = known?.metadata.uid === pod.metadata.uid && known?.spec.nodeName === name
      check(isSame, () => `${name} runs ${key}, which the cluster has on ${known?.spec.nodeName}`)
    }
  }
  const held = cluster.list('Pod').length
  check(running === held, () => `agents run ${running} pods where the cluster has ${held}`)
}

function checkMirror(cluster: Cluster, { name, mirror }: CrowdAgent): void {
  const expected = new Map(seenBy(cluster, name).map(object => [describeRef(refOf(object)), object]))
  check(mirror?.size === expected.size, () => `${name} knows ${mirror?.size} objects instead of ${expected.size}`)
  for (const [id, object] of expected) {
    const known = mirror?.get(id)
    check(known !== undefined && equal(settled(known), settled(object)), () => `${name} knows an old ${id}`)
  }
}

function seenBy(cluster: Cluster, name: string): readonly KubeObject[] {
  return [
    ...cluster.list(clusterKind).map(object => clusterNetwork(object as ClusterObject)),
    ...cluster.list('Node').flatMap(node => (node.metadata.name === name ? node : (peerNode(node) ?? []))),
    ...cluster.list('Pod').filter(({ spec }) => spec.nodeName === name),
    ...cluster.list('Service'),
    ...cluster.list('EndpointSlice'),
  ]
}

/** A pod's status is the agent's own word, of which it is not told. */
function settled(object: KubeObject): unknown {
  if (object.kind !== 'Pod') return object
  const { resourceVersion: _, ...metadata } = object.metadata
  return { metadata, spec: object.spec }
}
