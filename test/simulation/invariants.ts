import { equal } from '../../engine/api/stable.ts'
import { describeRef, refOf } from '../../engine/api/reference.ts'
import type { EndpointSlice, KubeObject, Pod, ReplicaSet } from '../../engine/api/types.ts'
import { Cluster } from '../../engine/cluster/cluster.ts'
import { configRefs } from '../../engine/cluster/config-refs.ts'
import { addressesOf } from '../../engine/cluster/index-names.ts'
import { conditionOf } from '../../engine/cluster/objects/conditions.ts'
import { isActive, isAvailable, isFinished, isReady } from '../../engine/cluster/objects/pod-state.ts'
import type { ObjectChange } from '../../engine/cluster/view.ts'
import { fenceposts } from '../../engine/controllers/deployment/fenceposts.ts'
import type { Event } from '../../engine/core/event.ts'
import type { AssignmentDelta } from '../../engine/protocol/session.ts'
import type { FakeAgent } from './fake-agent.ts'

export class Violation extends Error {
  override readonly name = 'Violation'
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what)
}

/** What must hold after every step of the core. */
export function checkStep(
  cluster: Cluster,
  { event, record, now }: { event: Event; record: readonly ObjectChange[]; now: number },
): void {
  for (const pod of stoppedPods(record)) checkFloor(cluster, pod, now)
  checkRemovals(cluster, { event, record })
  if (event.kind === 'source' || event.kind === 'refused') {
    check(
      record.every(({ ref, after }) => ref.kind === 'Event' || (after && !after.metadata.deletionTimestamp)),
      `a ${event.kind} event deleted something`,
    )
  }
  const changed = new Set(record.map(({ ref }) => ref.kind))
  if (changed.has('Pod') || changed.has('EndpointSlice')) checkEndpoints(cluster)
  if (changed.has('Service')) checkAddresses(cluster)
}

/**
 * A pod that has a node goes when its agent says that nothing is left of that very pod; a ConfigMap when no pod reads it
 * that may start a container again.
 */
function checkRemovals(cluster: Cluster, { event, record }: { event: Event; record: readonly ObjectChange[] }): void {
  const gone = event.kind === 'report' ? event.pods.filter(report => 'gone' in report).map(({ uid }) => uid) : []
  for (const { ref, before, after } of record) {
    if (!before || after) continue
    if (ref.kind === 'Pod') {
      const { spec, metadata } = before as Pod
      check(spec.nodeName === undefined || gone.includes(metadata.uid ?? ''), `${metadata.name} is removed and may run`)
    }
    if (ref.kind === 'ConfigMap') {
      const reader = cluster.usersOf(ref).find(user => user.kind === 'Pod' && !isFinished(user as Pod))
      check(reader === undefined, `ConfigMap ${ref.key} is removed, though pod ${reader?.metadata.name} reads it`)
    }
  }
}

/** Pods that were told to stop in this step, as they were before. */
function stoppedPods(record: readonly ObjectChange[]): Pod[] {
  return record.flatMap(({ ref, before, after }) => {
    if (ref.kind !== 'Pod' || !before || before.metadata.deletionTimestamp !== undefined) return []
    if (after && after.metadata.deletionTimestamp === undefined) return []
    return [before as Pod]
  })
}

/**
 * Gantry never itself stops an available pod below the Deployment's floor. What is available, each ReplicaSet says of its
 * own pods: a new minReadySeconds holds for the new generation only, as in Kubernetes.
 */
function checkFloor(cluster: Cluster, pod: Pod, now: number): void {
  const set = ownerOf(cluster, 'ReplicaSet', pod)
  const deployment = set && ownerOf(cluster, 'Deployment', set)
  if (!deployment || deployment.spec.strategy.type === 'Recreate' || !isAvailableIn(set, pod, now)) return
  const available = cluster
    .ownedBy('ReplicaSet', deployment.metadata.uid ?? '')
    .flatMap(each => cluster.ownedBy('Pod', each.metadata.uid ?? '').filter(other => isAvailableIn(each, other, now)))
    .filter(isActive).length
  const floor = deployment.spec.replicas - fenceposts(deployment).maxUnavailable
  check(
    available >= floor,
    `pod ${pod.metadata.name} was stopped though ${deployment.metadata.name} has ${available} available, floor ${floor}`,
  )
}

function isAvailableIn({ spec }: ReplicaSet, pod: Pod, now: number): boolean {
  return isAvailable(pod, { minReadySeconds: spec.minReadySeconds ?? 0, now })
}

function ownerOf<K extends 'ReplicaSet' | 'Deployment'>(cluster: Cluster, kind: K, { metadata }: KubeObject) {
  const owner = metadata.ownerReferences?.[0]
  const found = owner && cluster.get(kind, `${metadata.namespace}/${owner.name}`)
  return found?.metadata.uid === owner?.uid ? found : undefined
}

/** Endpoints only name ready pods. */
function checkEndpoints(cluster: Cluster): void {
  for (const slice of cluster.list('EndpointSlice')) {
    for (const { targetRef, conditions } of slice.endpoints) {
      if (!conditions.ready) continue
      const pod = targetRef && cluster.get('Pod', `${targetRef.namespace}/${targetRef.name}`)
      check(
        pod !== undefined && pod.metadata.uid === targetRef?.uid && isReady(pod) && isActive(pod),
        `${slice.metadata.name} calls ${targetRef?.name} ready, which it is not`,
      )
    }
  }
}

function checkAddresses(cluster: Cluster): void {
  const holders = new Map<string, string>()
  for (const service of cluster.list('Service')) {
    for (const address of addressesOf(service)) {
      const other = holders.get(address)
      check(other === undefined, `${service.metadata.name} and ${other} both hold ${address}`)
      holders.set(address, service.metadata.name)
    }
  }
}

/** One pod uid never runs on two nodes. */
export function checkSingleRun(agents: readonly FakeAgent[]): void {
  const seen = new Map<string, string>()
  for (const agent of agents) {
    for (const uid of agent.running.keys()) {
      check(!seen.has(uid), `pod ${uid} runs on ${seen.get(uid)} and ${agent.name}`)
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
  { put }: AssignmentDelta,
  { node, agents }: { node: string; agents: readonly FakeAgent[] },
): void {
  const agent = agents.find(({ name }) => name === node)
  if (!agent) return
  const told = new Set(readyPods(put))
  const missing = new Set(readyPods([...agent.mirror.values()]).filter(uid => !told.has(uid)))
  if (missing.size === 0) return
  for (const { running } of agents) {
    for (const [uid, { pod, ready, readySince }] of running) {
      if (!missing.has(uid) || !ready || readySince > agent.toldAt) continue
      const known = cluster.get('Pod', refOf(pod).key)
      check(
        known?.metadata.uid !== uid || !isActive(known) || isOnLostNode(known),
        `${node} is told of no endpoint ${pod.metadata.name} any more, though it is ready as before`,
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

/** The record holds every object as it is; Events are not recorded. The same frozen object is the cheapest proof. */
export function checkRecorded(cluster: Cluster, recorded: ReadonlyMap<string, KubeObject>): void {
  let count = 0
  for (const kind of cluster.kinds()) {
    if (kind === 'Event') continue
    for (const object of cluster.list(kind)) {
      count += 1
      const id = describeRef(refOf(object))
      check(recorded.get(id) === object || equal(recorded.get(id), object), `${id} was not recorded as it is`)
    }
  }
  check(count === recorded.size, `${recorded.size} objects are recorded, and the cluster has ${count}`)
}

/** restore(record(c)) equals c; Events are not recorded. */
export function checkRestore(cluster: Cluster, recorded: ReadonlyMap<string, KubeObject>): void {
  const copy = new Cluster({ startVersion: 0 })
  copy.restore(structuredClone([...recorded.values()]), { resourceVersion: cluster.resourceVersion })
  const kinds = cluster.kinds().filter(kind => kind !== 'Event')
  check(equal(copy.kinds(), kinds), `restored kinds ${copy.kinds().join()} are not ${kinds.join()}`)
  for (const kind of kinds) {
    const [was, is] = [cluster.list(kind), copy.list(kind)]
    check(was.length === is.length, `${was.length} of ${kind} were recorded as ${is.length}`)
    for (const [i, object] of was.entries()) {
      check(equal(object, is[i]), `${describeRef(refOf(object))} was not recorded as it is`)
    }
  }
}

/** An agent's mirror holds what its node may see, as it is, and nothing else. */
export function checkMirror(cluster: Cluster, { name, mirror }: FakeAgent): void {
  const pods = cluster.podsOn(name)
  const configs = pods.flatMap(pod => configRefs(pod.spec, pod.metadata.namespace ?? ''))
  const visible: readonly KubeObject[] = [
    ...pods,
    ...configs.flatMap(({ kind, key }) => cluster.get(kind, key) ?? []),
    ...cluster.list('Service'),
    ...cluster.list('EndpointSlice'),
    ...cluster.list('Node').filter(({ metadata }) => metadata.name === name),
  ]
  const should = new Map(visible.map(object => [describeRef(refOf(object)), object]))
  const [is, wanted] = [[...mirror.keys()].sort().join(), [...should.keys()].sort().join()]
  check(is === wanted, `${name} was told of ${is} and should have been of ${wanted}`)
  for (const [id, object] of mirror) {
    // A pod's status is the agent's own word: it is not told it again.
    const told = refOf(object).kind === 'Pod' ? equal(object.spec, should.get(id)?.spec) : equal(object, should.get(id))
    check(told, `${name} was not told of ${id} as it is`)
  }
}
