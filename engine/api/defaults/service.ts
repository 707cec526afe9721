import type { Endpoint, EndpointPort, EndpointSlice, Service, ServicePort, ServiceSpec } from '../types.ts'
import { type Given, ifGiven } from './given.ts'

/** The defaults of k8s.io/kubernetes/pkg/apis/core/v1/defaults.go and of discovery/v1. */

type GivenPort = Given<ServicePort, 'protocol' | 'targetPort'>
export type GivenService = Omit<Service, 'spec'> & {
  readonly spec: Given<Omit<ServiceSpec, 'ports'>, 'type' | 'sessionAffinity'> & {
    readonly ports?: readonly GivenPort[]
  }
}
type GivenEndpoint = Omit<Endpoint, 'conditions'> & { readonly conditions?: Partial<Endpoint['conditions']> }
type GivenEndpointPort = Given<EndpointPort, 'name' | 'protocol'>
export type GivenEndpointSlice = Omit<EndpointSlice, 'endpoints' | 'ports'> & {
  readonly endpoints: readonly GivenEndpoint[]
  readonly ports?: readonly GivenEndpointPort[]
}

/** Three hours: how long a client keeps its pod where nothing else is said. */
const affinitySeconds = 10_800

export function defaultService(service: GivenService): Service {
  const { ports, ...spec } = service.spec
  const type = spec.type ?? 'ClusterIP'
  const sessionAffinity = spec.sessionAffinity ?? 'None'
  return {
    ...service,
    spec: {
      ...spec,
      type,
      sessionAffinity,
      ...(sessionAffinity === 'ClientIP'
        ? {
            sessionAffinityConfig: {
              clientIP: { timeoutSeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? affinitySeconds },
            },
          }
        : {}),
      ...ifGiven('ports', ports, list => list.map(defaultPort)),
      ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster' }),
      ...(type === 'NodePort' || type === 'LoadBalancer'
        ? { externalTrafficPolicy: spec.externalTrafficPolicy ?? 'Cluster' }
        : {}),
    },
  }
}

function defaultPort(port: GivenPort): ServicePort {
  return { ...port, protocol: port.protocol ?? 'TCP', targetPort: port.targetPort ?? port.port }
}

export function defaultEndpointSlice(slice: GivenEndpointSlice): EndpointSlice {
  return {
    ...slice,
    endpoints: slice.endpoints.map(defaultEndpoint),
    ports: (slice.ports ?? []).map(defaultEndpointPort),
  }
}

/** An endpoint that says nothing of its condition is ready and serves. */
function defaultEndpoint(endpoint: GivenEndpoint): Endpoint {
  const { ready = true, serving = ready, terminating = false } = endpoint.conditions ?? {}
  return { ...endpoint, conditions: { ready, serving, terminating } }
}

function defaultEndpointPort(port: GivenEndpointPort): EndpointPort {
  return { ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' }
}
