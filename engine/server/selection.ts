import type { Event, KubeObject, Namespace, Node, Pod, ReplicaSet, Secret } from '../api/types.ts'
import type { KindKey } from '../api/reference.ts'
import { matchesSelector, parseFieldSelector, parseLabelSelector } from '../api/selector.ts'
import { badRequest } from './status-error.ts'

/** Which objects a request asks for. */
export type Selection = (object: KubeObject) => boolean

/** `app=web,env in (a,b),!legacy`. @throws StatusError 400 */
export function selectByLabels(text: string): Selection {
  const selector = orBadRequest(() => parseLabelSelector(text))
  return object => matchesSelector(selector, object.metadata.labels)
}

type Fields = Readonly<Record<string, (object: never) => unknown>>

const commonFields: Fields = {
  'metadata.name': (object: KubeObject) => object.metadata.name,
  'metadata.namespace': (object: KubeObject) => object.metadata.namespace,
}

/** The fields that Kubernetes selects by, for the kinds that have more than the common ones. */
const fieldsByKind: Readonly<Record<string, Fields>> = {
  Pod: {
    'spec.nodeName': (pod: Pod) => pod.spec.nodeName,
    'spec.restartPolicy': (pod: Pod) => pod.spec.restartPolicy,
    'spec.schedulerName': (pod: Pod) => pod.spec.schedulerName,
    'spec.serviceAccountName': (pod: Pod) => pod.spec.serviceAccountName,
    'spec.hostNetwork': (pod: Pod) => pod.spec.hostNetwork ?? false,
    'status.phase': (pod: Pod) => pod.status?.phase,
    'status.podIP': (pod: Pod) => pod.status?.podIP,
    'status.podIPs': (pod: Pod) => pod.status?.podIPs?.map(({ ip }) => ip).join(','),
    'status.nominatedNodeName': () => '',
  },
  Event: {
    'involvedObject.kind': (event: Event) => event.involvedObject.kind,
    'involvedObject.namespace': (event: Event) => event.involvedObject.namespace,
    'involvedObject.name': (event: Event) => event.involvedObject.name,
    'involvedObject.uid': (event: Event) => event.involvedObject.uid,
    'involvedObject.apiVersion': (event: Event) => event.involvedObject.apiVersion,
    'involvedObject.resourceVersion': () => '',
    'involvedObject.fieldPath': (event: Event) => event.involvedObject.fieldPath,
    reason: (event: Event) => event.reason,
    reportingComponent: (event: Event) => event.reportingComponent,
    source: (event: Event) => event.source.component,
    type: (event: Event) => event.type,
  },
  Node: { 'spec.unschedulable': (node: Node) => node.spec.unschedulable ?? false },
  Namespace: { 'status.phase': (namespace: Namespace) => namespace.status?.phase },
  Secret: { type: (secret: Secret) => secret.type },
  ReplicaSet: { 'status.replicas': (set: ReplicaSet) => set.status?.replicas ?? 0 },
}

/** `status.phase!=Succeeded,spec.nodeName=a`. @throws StatusError 400, also for a field that the kind is not selected by */
export function selectByFields(text: string, kind: KindKey): Selection {
  const fields = { ...commonFields, ...fieldsByKind[kind] }
  const requirements = orBadRequest(() => parseFieldSelector(text)).map(({ path, op, value }) => {
    const name = path.join('.')
    const read = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (read === undefined) {
      throw badRequest(`field label not supported: ${name}; supported are ${Object.keys(fields).join(', ')}`)
    }
    // The table pairs each reader with its kind, and a request reads one kind.
    return (object: KubeObject) => (String(read(object as never) ?? '') === value) === (op === '=')
  })
  return object => requirements.every(matches => matches(object))
}

function orBadRequest<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(error.message)
    throw error
  }
}
