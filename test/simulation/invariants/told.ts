import { clusterKind, type ClusterObject } from '../../../engine/api/cluster-object.ts'
import { describeRef, refOf } from '../../../engine/api/reference.ts'
import { equal } from '../../../engine/api/stable.ts'
import type { EndpointSlice, KubeObject, NodeName, Pod } from '../../../engine/api/types.ts'
import type { Cluster } from '../../../engine/cluster/cluster.ts'
import { configRefs } from '../../../engine/cluster/config-refs.ts'
import { conditionOf } from '../../../engine/cluster/objects/conditions.ts'
import { isActive } from '../../../engine/cluster/objects/pod-state.ts'
import { clusterNetwork } from '../../../engine/core/peers.ts'
import type { AssignmentDelta } from '../../../engine/protocol/session.ts'
import type { FakeAgent } from '../fake-agent.ts'
import { check } from './violation.ts'

/** One pod uid never runs on two nodes. */
export function checkSingleRun(agents: readonly FakeAgent[]): void {
  const seen = new Map<string, string>()
  for (const agent of agents) {
    for (const uid of agent.running.keys()) {
      check(!seen.has(uid), () => `pod ${uid} runs on ${seen.get(uid)} and ${agent.name}`)
      seen.set(uid, agent.name)
    }
  }
}

/**
 * What an agent is told when its session begins takes no endpoint away whose pod has been ready all the while, even
 * where the engine died in between and has lost what was not recorded.
 */
export function checkKept(
  cluster: Cluster,
  { deltas, agents }: { deltas: ReadonlyMap<NodeName, AssignmentDelta>; agents: readonly FakeAgent[] },
): void {
  for (const [node, { full, put }] of deltas) {
    const agent = full && agents.find(({ name }) => name === node)
    if (agent) checkEndpointsKept(cluster, { agent, put, agents })
  }
}

function checkEndpointsKept(
  cluster: Cluster,
  {
    agent,
    put,
    agents,
  }: { readonly agent: FakeAgent; readonly put: readonly KubeObject[]; readonly agents: readonly FakeAgent[] },
): void {
  const { name, toldAt } = agent
  const told = new Set(readyPods(put))
  const missing = new Set(readyPods([...agent.mirror.values()]).filter(uid => !told.has(uid)))
  if (missing.size === 0 || toldAt === undefined) return
  for (const { running } of agents) {
    for (const [uid, { pod, ready, changedAt }] of running) {
      if (!missing.has(uid) || !ready || changedAt > toldAt) continue
      const known = cluster.get('Pod', refOf(pod).key)
      check(
        known?.metadata.uid !== uid || !isActive(known) || isOnLostNode(known),
        () => `${name} is told of no endpoint ${pod.metadata.name} any more, though it is ready as before`,
      )
    }
  }
}

function isOnLostNode({ status }: Pod): boolean {
  return conditionOf(status?.conditions, 'Ready')?.reason === 'NodeNotReady'
}

/** The pods that a proxy which holds these objects sends connections to, by uid. */
function readyPods(objects: readonly KubeObject[]): string[] {
  return objects
    .filter((object): object is EndpointSlice => refOf(object).kind === 'EndpointSlice')
    .flatMap(({ endpoints }) =>
      endpoints.flatMap(({ conditions, targetRef }) => (conditions.ready ? (targetRef?.uid ?? []) : [])),
    )
}

/** An agent's mirror holds what its node may see, as it is, and nothing else; and its proxy serves that. */
export function checkMirror(cluster: Cluster, { name, mirror, proxy }: FakeAgent): void {
  const pods = cluster.podsOn(name)
  const configs = pods.flatMap(pod => configRefs(pod.spec, pod.metadata.namespace ?? ''))
  const visible: readonly KubeObject[] = [
    ...cluster.list(clusterKind).map(object => clusterNetwork(object as ClusterObject)),
    ...pods,
    ...configs.flatMap(({ kind, key }) => cluster.get(kind, key) ?? []),
    ...cluster.list('Service'),
    ...cluster.list('EndpointSlice'),
    ...cluster.list('Node').filter(({ metadata }) => metadata.name === name),
  ]
  const should = new Map(visible.map(object => [describeRef(refOf(object)), object]))
  const [is, wanted] = [[...mirror.keys()].sort().join(), [...should.keys()].sort().join()]
  check(is === wanted, () => `${name} was told of ${is} and should have been of ${wanted}`)
  for (const [id, object] of mirror) {
    // A pod's status is the agent's own word: it is not told it again.
    const told = refOf(object).kind === 'Pod' ? equal(object.spec, should.get(id)?.spec) : equal(object, should.get(id))
    check(told, () => `${name} was not told of ${id} as it is`)
  }
  const ready = readyPods(cluster.list('EndpointSlice'))
  check(
    ready.every(uid => proxy.sendsTo(uid)),
    () => `the proxy of ${name} serves less than there is`,
  )
}
