import type { Event, KubeObject, Labels, Node, Pod, Secret, Namespace, ReplicaSet } from '../api/types.ts'
import type { KindKey } from '../api/reference.ts'
import { badRequest } from './status-error.ts'

/** Which objects a request asks for. */
export type Selection = (object: KubeObject) => boolean

type Requirement = (labels: Labels) => boolean

const labelKey = /^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/

/**
 * Reads a label selector as a query writes it: `app=web,tier!=db,env in (a, b),!legacy,version>3`.
 * @throws StatusError 400
 */
export function parseLabelSelector(text: string): Selection {
  const requirements = splitRequirements(text).map(part => parseRequirement(part, text))
  return object => requirements.every(matches => matches(object.metadata.labels ?? {}))
}

/** Splits at the commas outside parentheses. */
function splitRequirements(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map(part => part.trim())
    .filter((part, _, parts) => part !== '' || parts.length > 1)
}

function parseRequirement(part: string, whole: string): Requirement {
  const fail = (why: string): Error => badRequest(`unable to parse label selector ${JSON.stringify(whole)}: ${why}`)
  const key = (name: string): string => {
    if (!labelKey.test(name)) throw fail(`${JSON.stringify(name)} is not a label key`)
    return name
  }
  const value = (written: string): string => {
    if (!labelValue.test(written)) throw fail(`${JSON.stringify(written)} is not a label value`)
    return written
  }

  const set = /^(\S+)\s+(in|notin)\s*\((.*)\)$/.exec(part)
  if (set !== null) {
    const name = key(set[1] ?? '')
    const values = new Set((set[3] ?? '').split(',').map(item => value(item.trim())))
    const isIn: Requirement = labels => labels[name] !== undefined && values.has(labels[name])
    return set[2] === 'in' ? isIn : labels => !isIn(labels)
  }
  const comparison = /^(.*?)\s*(==|!=|=|>|<)\s*(.*)$/.exec(part)
  if (comparison !== null) {
    const name = key(comparison[1] ?? '')
    const wanted = value(comparison[3] ?? '')
    switch (comparison[2]) {
      case '!=':
        return labels => labels[name] !== wanted
      case '>':
        return labels => Number.parseInt(labels[name] ?? '', 10) > Number(wanted)
      case '<':
        return labels => Number.parseInt(labels[name] ?? '', 10) < Number(wanted)
      default:
        return labels => labels[name] === wanted
    }
  }
  if (part.startsWith('!')) {
    const name = key(part.slice(1).trim())
    return labels => !Object.hasOwn(labels, name)
  }
  const name = key(part)
  return labels => Object.hasOwn(labels, name)
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

/**
 * Reads a field selector: `status.phase!=Succeeded,spec.nodeName=a`. A backslash keeps `,`, `=` and itself plain.
 * @throws StatusError 400, also for a field that the kind is not selected by
 */
export function parseFieldSelector(text: string, kind: KindKey): Selection {
  const fields = { ...commonFields, ...fieldsByKind[kind] }
  const requirements = (text.match(/(?:\\.|[^,\\])+/g) ?? []).map(part => {
    const match = /^((?:\\.|[^=!\\])*)(==|!=|=)((?:\\.|[^\\])*)$/s.exec(part)
    if (match === null) throw badRequest(`invalid field selector "${text}"; can't understand '${part}'`)
    const name = (match[1] ?? '').trim()
    const read = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (read === undefined) {
      throw badRequest(`field label not supported: ${name}; supported are ${Object.keys(fields).join(', ')}`)
    }
    const wanted = (match[3] ?? '').replaceAll(/\\(.)/gs, '$1')
    const equal = match[2] !== '!='
    // The table above pairs each reader with its kind, and a request lists one kind.
    return (object: KubeObject) => (String(read(object as never) ?? '') === wanted) === equal
  })
  return object => requirements.every(matches => matches(object))
}
