import type { Container, Endpoint, EndpointPort, Pod, Service, ServicePort } from '../../api/types.ts'
import { once } from '../../api/once.ts'
import { canonicalJson } from '../../api/stable.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { isFinished, isReady } from '../../cluster/objects/pod-state.ts'

/** Endpoints whose ports have the same numbers: a slice holds one such group. */
export interface PortGroup {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** Where a Service's traffic may go, grouped by the numbers that its ports have in each pod. */
export function portGroups(service: Service, pods: readonly Pod[]): PortGroup[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>()
  const targetOf = targetsOf(service)
  for (const pod of pods) {
    const target = targetOf(pod)
    if (!target) continue
    const { id, ports, endpoint } = target
    const group = groups.get(id) ?? { ports, endpoints: [] }
    group.endpoints.push(endpoint)
    groups.set(id, group)
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

/** Of a Service's hundreds of pods mostly one changed: the others' endpoints are the same objects as before. */
const targetsOf = once((service: Service) => once((pod: Pod) => targetIn(service, pod)))

function targetIn(service: Service, pod: Pod) {
  const ip = pod.status?.podIP
  if (ip === undefined || isFinished(pod)) return undefined
  const ports = portsIn(service, pod)
  return { id: canonicalJson(ports), ports, endpoint: endpointOf(service, { pod, ip }) }
}

function endpointOf(service: Service, { pod, ip }: { pod: Pod; ip: string }): Endpoint {
  const { metadata, spec } = pod
  const serving = isReady(pod)
  const terminating = isBeingDeleted(pod)
  const named = spec.hostname !== undefined && spec.subdomain === service.metadata.name
  return {
    addresses: [ip],
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(named && spec.hostname !== undefined ? { hostname: spec.hostname } : {}),
    ...(spec.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
    targetRef: { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid ?? '' },
  }
}

/** The Service's ports as this pod numbers them; a named port that the pod does not have is left out. */
function portsIn(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap(port => {
    const number = portNumber(port, pod)
    return number === undefined ? [] : [{ name: port.name ?? '', protocol: port.protocol, port: number }]
  })
}

function portNumber({ targetPort, protocol }: ServicePort, { spec }: Pod): number | undefined {
  if (typeof targetPort === 'number') return targetPort
  const sidecars = (spec.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  return [...spec.containers, ...sidecars]
    .flatMap((container: Container) => container.ports ?? [])
    .find(port => port.name === targetPort && port.protocol === protocol)?.containerPort
}
