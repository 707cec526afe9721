import { sourceAnnotation } from '../api/manifest.ts'
import { type KindKey, type Ref, describeRef } from '../api/reference.ts'
import { labelPairs } from '../api/selector.ts'
import type {
  Job,
  KubeObject,
  Labels,
  LabelSelector,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
} from '../api/types.ts'
import { configRefs } from './config-refs.ts'
import { hasEnded } from './objects/job-state.ts'
import { controllerOf } from './objects/ownership.ts'
import { waitingReason } from './objects/pod-state.ts'

/** How the lookups of a cluster are called. One index holds them all. */
export const indexName = {
  namespace: (kind: KindKey, namespace: string) => `namespace ${kind} ${namespace}`,
  within: (namespace: string) => `within ${namespace}`,
  owner: (kind: KindKey, uid: string) => `owner ${kind} ${uid}`,
  /** Pods that nothing controls. */
  orphans: (namespace: string) => `orphans ${namespace}`,
  waiting: (owner: string) => `waiting ${owner}`,
  node: (node: string) => `node ${node}`,
  users: (ref: Ref) => `users ${describeRef(ref)}`,
  label: (namespace: string, pair: string) => `label ${namespace} ${pair}`,
  selector: (kind: KindKey, place: string) => `selector ${kind} ${place}`,
  address: (address: string) => `address ${address}`,
  desired: 'desired',
}

/** The place of a selector that asks for no particular label. */
const anyLabel = '*'

/** Every name under which an object is found, besides its own key. */
export function namesOf(ref: Ref, object: KubeObject): string[] {
  const { namespace, annotations, ownerReferences = [] } = object.metadata
  const names = ownerReferences.map(owner => indexName.owner(ref.kind, owner.uid))
  if (namespace !== undefined) names.push(indexName.namespace(ref.kind, namespace))
  if (namespace !== undefined && ref.kind !== 'Event') names.push(indexName.within(namespace))
  if (annotations?.[sourceAnnotation] !== undefined) names.push(indexName.desired)
  if (ref.kind === 'Pod') names.push(...podNames(object as Pod, namespace ?? ''))
  else if (ref.kind === 'ReplicaSet') names.push(...replicaSetNames(object as ReplicaSet, namespace ?? ''))
  else if (ref.kind === 'Job') names.push(...jobNames(object as Job, namespace ?? ''))
  else if (ref.kind === 'PodDisruptionBudget')
    names.push(...budgetNames(object as PodDisruptionBudget, namespace ?? ''))
  else if (ref.kind === 'Service') names.push(...serviceNames(object as Service, namespace ?? ''))
  return names
}

/** Where a selector of this kind may stand that selects these labels. */
export function selectorPlaces(namespace: string, labels: Labels | undefined): string[] {
  return [...labelPairs(labels), anyLabel].map(pair => `${namespace} ${pair}`)
}

function podNames(pod: Pod, namespace: string): string[] {
  const names = labelPairs(pod.metadata.labels).map(pair => indexName.label(namespace, pair))
  for (const ref of configRefs(pod.spec, namespace)) names.push(indexName.users(ref))
  if (pod.spec.nodeName !== undefined) names.push(indexName.node(pod.spec.nodeName))
  if (!controllerOf(pod)) names.push(indexName.orphans(namespace))
  if (waitingReason(pod) !== undefined)
    for (const { uid } of pod.metadata.ownerReferences ?? []) names.push(indexName.waiting(uid))
  return names
}

/** A ReplicaSet without replicas needs nothing of what its template names. */
function replicaSetNames(set: ReplicaSet, namespace: string): string[] {
  const users = set.spec.replicas === 0 ? [] : configRefs(set.spec.template.spec, namespace).map(indexName.users)
  return [...users, indexName.selector('ReplicaSet', placeOf(namespace, set.spec.selector))]
}

/** A Job that is over makes no more pods. */
function jobNames(job: Job, namespace: string): string[] {
  return hasEnded(job) ? [] : configRefs(job.spec.template.spec, namespace).map(indexName.users)
}

function budgetNames({ spec }: PodDisruptionBudget, namespace: string): string[] {
  return spec.selector === undefined
    ? []
    : [indexName.selector('PodDisruptionBudget', placeOf(namespace, spec.selector))]
}

function serviceNames(service: Service, namespace: string): string[] {
  const { selector } = service.spec
  const place =
    selector === undefined ? [] : [indexName.selector('Service', placeOf(namespace, { matchLabels: selector }))]
  return [...place, ...addressesOf(service).map(indexName.address)]
}

/** The cluster address and node ports that a Service holds: `10.96.0.7`, `TCP/30080`. */
export function addressesOf(service: Service): string[] {
  const { clusterIP, ports = [] } = service.spec
  const held = ports.flatMap(port => (port.nodePort === undefined ? [] : [`${port.protocol}/${port.nodePort}`]))
  if (clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None') held.push(clusterIP)
  return held
}

/** One pair of a selector is enough to find it by: its first in the order of names. */
function placeOf(namespace: string, selector: LabelSelector): string {
  return `${namespace} ${labelPairs(selector.matchLabels).sort()[0] ?? anyLabel}`
}
