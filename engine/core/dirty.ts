import { clusterKind, type ClusterObject } from '../api/cluster-object.ts'
import { sourceAnnotation } from '../api/manifest.ts'
import { describeRef, keyOf, type Ref, refOf } from '../api/reference.ts'
import { equal } from '../api/stable.ts'
import type { Job, KubeObject, Pod, PodSpec, ReplicaSet, Service } from '../api/types.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { configRefs } from '../cluster/config-refs.ts'
import { addressesOf } from '../cluster/index-names.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { conditionOf } from '../cluster/objects/conditions.ts'
import { hasEnded } from '../cluster/objects/job-state.ts'
import { isNodeReady } from '../cluster/objects/node-state.ts'
import { controllerKey, controllerOf, isBeingDeleted } from '../cluster/objects/ownership.ts'
import { isFinished, isReady, waitingReason } from '../cluster/objects/pod-state.ts'

/** What there is to do, in the order in which it is done: each rests on what those before it settled. */
export const tasks = [
  'silence',
  'node',
  'namespace',
  'garbage',
  'replicaSet',
  'job',
  'deployment',
  // A Deployment may yet scale up a ReplicaSet that needed nothing while it was empty.
  'config',
  'service',
  'disruption',
  'placement',
  'endpoints',
  'termination',
  'ailment',
  // What a commit asks for next depends on how all that it asked for before is.
  'rollout',
  'release',
  'health',
] as const
export type Task = (typeof tasks)[number]

export type Mark = (task: Task, key: string) => void

/** A commit may have many stages, one after the other: each round has a key of its own, so that it looks like no circle. */
export function rolloutRound({ resourceVersion }: Cluster): string {
  return String(resourceVersion)
}

/** Marks everything that may have to be decided anew after a change. */
export function markDirty(cluster: Cluster, change: ObjectChange, mark: Mark): void {
  const { ref, before, after } = change
  markAny(cluster, change, mark)
  switch (ref.kind) {
    case 'Pod':
      markPod(cluster, { before: before as Pod | undefined, after: after as Pod | undefined, key: ref.key }, mark)
      return
    case 'ReplicaSet':
      markBudgetsAround(cluster, change, mark)
      markReplicaSet({ before: before as ReplicaSet | undefined, after: after as ReplicaSet | undefined }, mark)
      mark('replicaSet', ref.key)
      return
    case 'Deployment':
      markBudgetsAround(cluster, change, mark)
      mark('deployment', ref.key)
      return
    case 'Job':
      markJob({ before: before as Job | undefined, after: after as Job | undefined }, mark)
      mark('job', ref.key)
      return
    case 'Release':
      mark('release', ref.key)
      return
    case 'PodDisruptionBudget':
      mark('disruption', ref.key)
      return
    case 'Service':
      markService(cluster, { before: before as Service | undefined, after: after as Service | undefined }, mark)
      mark('service', ref.key)
      mark('endpoints', ref.key)
      return
    case 'Node':
      mark('silence', ref.key)
      mark('node', ref.key)
      return
    case 'Namespace':
      mark('namespace', ref.key)
      return
  }
}

function markAny(cluster: Cluster, { ref, before, after }: ObjectChange, mark: Mark): void {
  const namespace = (after ?? before)?.metadata.namespace
  if (namespace !== undefined && (!before || !after) && ref.kind !== 'Event') mark('namespace', namespace)
  if (isDesired(before) || isDesired(after)) mark('ailment', describeRef(ref))
  if (ref.kind === clusterKind) {
    mark('health', ref.key)
    const step = { before: before as ClusterObject | undefined, after: after as ClusterObject | undefined }
    markNodesAnew(cluster, step, mark)
    markReleases(cluster, step, mark)
  }
  // Its owner may be gone already when an object comes, and is gone when the owner goes.
  if (after?.metadata.ownerReferences && !before) mark('garbage', describeRef(ref))
  if (after?.metadata.finalizers && isConfig(ref)) mark('config', describeRef(ref))
  if (before && !after) {
    for (const dependent of cluster.dependents(before.metadata.uid ?? ''))
      mark('garbage', describeRef(refOf(dependent)))
  }
}

/** What a commit says of all nodes may be said anew. */
function markNodesAnew(cluster: Cluster, { before, after }: Step<ClusterObject>, mark: Mark): void {
  if (equal(before?.spec.nodes, after?.spec.nodes)) return
  for (const { metadata } of cluster.list('Node')) {
    mark('silence', metadata.name)
    mark('node', metadata.name)
  }
}

/** How far a release is rests on how far the commit is. */
function markReleases(cluster: Cluster, { before, after }: Step<ClusterObject>, mark: Mark): void {
  if (equal(progressOf(before), progressOf(after))) return
  for (const { metadata } of cluster.list('Release')) mark('release', keyOf(metadata.name, metadata.namespace))
}

function progressOf(object: ClusterObject | undefined): unknown {
  const { rollout, healthyAt } = object?.status ?? {}
  return [rollout?.releases, rollout?.hooks.filter(({ state }) => state === 'Failed'), healthyAt]
}

/** A percentage of a budget is one of what the controllers of its pods are to have. */
function markBudgetsAround(cluster: Cluster, { before, after }: ObjectChange, mark: Mark): void {
  const [was, is] = [before as ReplicaSet | undefined, after as ReplicaSet | undefined]
  if (was?.spec.replicas === is?.spec.replicas) return
  for (const { metadata } of cluster.list('PodDisruptionBudget', (after ?? before)?.metadata.namespace)) {
    mark('disruption', keyOf(metadata.name, metadata.namespace))
  }
}

function isConfig({ kind }: Ref): boolean {
  return kind === 'ConfigMap' || kind === 'Secret'
}

function isDesired(object: KubeObject | undefined): boolean {
  return object?.metadata.annotations?.[sourceAnnotation] !== undefined
}

interface Step<T> {
  readonly before: T | undefined
  readonly after: T | undefined
}

function markPod(cluster: Cluster, { before, after, key }: Step<Pod> & { readonly key: string }, mark: Mark): void {
  for (const pod of [before, after]) {
    const owner = pod && controllerKey(pod)
    if (owner !== undefined) mark(isOfJob(pod) ? 'job' : 'replicaSet', owner)
  }
  if (after && !controllerOf(after)) {
    for (const set of cluster.replicaSetsSelecting(after)) mark('replicaSet', refOf(set).key)
  }
  if (!equal(routing(before), routing(after))) {
    for (const pod of [before, after]) {
      for (const service of pod ? cluster.servicesSelecting(pod) : []) mark('endpoints', refOf(service).key)
    }
  }
  if (!equal(counting(before), counting(after))) {
    for (const pod of [before, after]) {
      for (const budget of pod ? cluster.budgetsSelecting(pod) : []) mark('disruption', refOf(budget).key)
    }
  }
  if (after && isBeingDeleted(after)) mark('termination', key)
  if (after?.spec.nodeName !== undefined && before?.spec.nodeName === undefined) markTaintedNode(cluster, after, mark)
  if (before && isOfJob(before) && (!after || isFinished(after))) mark('rollout', rolloutRound(cluster))
  if (before && !after) markRecreation(cluster, before, mark)
  if (before && (!after || isFinished(after))) markConfigs(before.spec, { namespace: before.metadata.namespace, mark })
  if ((before && waitingReason(before)) !== (after && waitingReason(after)))
    markWorkloadOf(cluster, after ?? before, mark)
}

/** A pod that comes to a node which is lost is lost too, and one that a taint lets stay for a while is to leave then. */
function markTaintedNode(cluster: Cluster, { spec: { nodeName = '' } }: Pod, mark: Mark): void {
  const node = cluster.get('Node', nodeName)
  const evicts = node?.spec.taints?.some(({ effect }) => effect === 'NoExecute') === true
  if (node && (evicts || !isNodeReady(node))) mark('node', nodeName)
}

/** What a PodDisruptionBudget counts of a pod. */
function counting(pod: Pod | undefined): unknown {
  return pod && [pod.metadata.labels, isReady(pod), isBeingDeleted(pod)]
}

/** What a pod's endpoints are made of. */
function routing(pod: Pod | undefined): unknown {
  if (!pod) return undefined
  const { metadata, spec, status } = pod
  return [
    metadata.labels,
    spec.nodeName,
    status?.podIP,
    isFinished(pod),
    conditionOf(status?.conditions, 'Ready')?.status,
    isBeingDeleted(pod),
  ]
}

/** Recreate waits for the last of the old pods to go, which changes nothing of their ReplicaSet. */
function markRecreation(cluster: Cluster, pod: Pod, mark: Mark): void {
  const deployment = deploymentKey(cluster, pod)
  if (deployment !== undefined) mark('deployment', deployment)
}

/** The words of a workload's health tell what its pods wait for. */
function markWorkloadOf(cluster: Cluster, pod: Pod | undefined, mark: Mark): void {
  const owner = pod && controllerKey(pod)
  if (owner !== undefined && isOfJob(pod)) mark('ailment', describeRef({ kind: 'Job', key: owner }))
  const deployment = pod && deploymentKey(cluster, pod)
  if (deployment !== undefined) mark('ailment', describeRef({ kind: 'Deployment', key: deployment }))
}

function isOfJob(pod: Pod | undefined): boolean {
  return pod !== undefined && controllerOf(pod)?.kind === 'Job'
}

function deploymentKey(cluster: Cluster, pod: Pod): string | undefined {
  const owner = controllerKey(pod)
  const set = owner === undefined ? undefined : cluster.get('ReplicaSet', owner)
  return set && controllerKey(set)
}

function markReplicaSet({ before, after }: Step<ReplicaSet>, mark: Mark): void {
  for (const set of [before, after]) {
    const owner = set && controllerKey(set)
    if (owner !== undefined) mark('deployment', owner)
  }
  if (before && before.spec.replicas > 0 && (after?.spec.replicas ?? 0) === 0) {
    markConfigs(before.spec.template.spec, { namespace: before.metadata.namespace, mark })
  }
}

/** A Job that is over reads nothing any more. */
function markJob({ before, after }: Step<Job>, mark: Mark): void {
  if (!before || hasEnded(before) || (after && !hasEnded(after))) return
  markConfigs(before.spec.template.spec, { namespace: before.metadata.namespace, mark })
}

/** ConfigMaps and Secrets that may have lost the last one that reads them. */
function markConfigs(spec: PodSpec, { namespace, mark }: { namespace: string | undefined; mark: Mark }): void {
  for (const ref of configRefs(spec, namespace ?? '')) mark('config', describeRef(ref))
}

/** A Service that holds an address keeps another from having it; one that lets go of it does not. */
function markService(cluster: Cluster, { before, after }: Step<Service>, mark: Mark): void {
  for (const address of after ? addressesOf(after) : []) {
    if (before && addressesOf(before).includes(address)) continue
    for (const service of cluster.servicesAt(address))
      mark('service', keyOf(service.metadata.name, service.metadata.namespace))
  }
}
