import { type Key, refOf } from '../../api/reference.ts'
import type { Service, ServicePort, ServiceSpec } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { conditionOf, withCondition, withoutCondition } from '../../cluster/objects/conditions.ts'
import { type Decision, nothing } from '../../cluster/decision.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { type PortRange, addressRange, firstFree, inRange, toAddress } from './ranges.ts'

export const allocatedCondition = 'gantry.dev/Allocated'
export const boundCondition = 'gantry.dev/Bound'

export interface ServiceOptions {
  readonly serviceCIDR: string
  readonly nodePorts: PortRange
}

/** Gives a Service its cluster address and node ports, and takes back what its type has no use for. */
export function reconcileService(
  cluster: IndexedView,
  key: Key,
  { env, options }: { env: Env; options: ServiceOptions },
): Decision {
  const service = cluster.get('Service', key)
  if (!service || isBeingDeleted(service)) return nothing
  const problems: string[] = []
  const allocation = { cluster, key, options, problems, service }
  const spec = withNodePorts(withAddress(fitting(service.spec), allocation), allocation)
  const conditions = bound(cluster, key, { conditions: allocated(service, { problems, env }), env })
  const status = { ...service.status, loadBalancer: service.status?.loadBalancer ?? {}, conditions }
  const { conditions: _, ...unconditional } = status
  const object: Service = { ...service, spec, status: conditions.length === 0 ? unconditional : status }
  return { changes: [{ kind: 'put', object }, ...problems.map(problem => warning(object, problem))] }
}

interface Allocation {
  readonly cluster: IndexedView
  readonly key: Key
  readonly options: ServiceOptions
  readonly service: Service
  /** What could not be had, in words. */
  readonly problems: string[]
}

/** The spec without what its type has no use for. */
function fitting(spec: ServiceSpec): ServiceSpec {
  const addressed = spec.type === 'ExternalName' ? withoutAddress(spec) : spec
  if (takesNodePorts(spec) || !addressed.ports?.some(port => port.nodePort !== undefined)) return addressed
  return { ...addressed, ports: addressed.ports.map(withoutNodePort) }
}

function withoutNodePort(port: ServicePort): ServicePort {
  const { nodePort: _, ...rest } = port
  return rest
}

function takesNodePorts({ type }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer'
}

function withAddress(spec: ServiceSpec, allocation: Allocation): ServiceSpec {
  if (spec.type === 'ExternalName') return spec
  const { clusterIP: wanted } = spec
  if (wanted === 'None') return { ...spec, clusterIPs: ['None'] }
  const { serviceCIDR } = allocation.options
  if (wanted !== undefined && wanted !== '') {
    const refusal = addressRefusal(wanted, allocation)
    if (refusal === undefined) return { ...spec, clusterIPs: [wanted] }
    allocation.problems.push(refusal)
    return withoutAddress(spec)
  }
  // A Service that asked for an address it cannot have gets no other one in silence.
  if (wasRefused(allocation.service)) return spec
  const { from, size } = addressRange(serviceCIDR)
  const taken = (place: number) => isTaken(toAddress(from + place), allocation)
  const place = firstFree(allocation.key, { size, taken })
  if (place === undefined) {
    allocation.problems.push(`no address is free in the service range ${serviceCIDR}; remove Services you do not need`)
    return spec
  }
  const clusterIP = toAddress(from + place)
  return { ...spec, clusterIP, clusterIPs: [clusterIP] }
}

function withoutAddress(spec: ServiceSpec): ServiceSpec {
  const { clusterIP: _, clusterIPs: __, ...rest } = spec
  return rest
}

function addressRefusal(address: string, { cluster, key, options }: Allocation): string | undefined {
  if (!inRange(address, options.serviceCIDR)) {
    return `clusterIP ${address} is not in the service range ${options.serviceCIDR}; choose one that is, or leave clusterIP out`
  }
  const holder = otherHolder(cluster, address, key)
  return holder && `clusterIP ${address} belongs to Service ${holder} already; choose another, or leave clusterIP out`
}

/** Of several Services that name one address, one keeps it: the one that was seen to before, else the older one. */
function otherHolder(cluster: IndexedView, address: string, key: Key): Key | undefined {
  const others = cluster.servicesAt(address).filter(service => refOf(service).key !== key)
  const mine = cluster.get('Service', key)
  const holder = others.find(other => mine === undefined || comesFirst(other, mine))
  return holder && refOf(holder).key
}

function comesFirst(a: Service, b: Service): boolean {
  return seniority(a) < seniority(b)
}

function seniority(service: Service): string {
  return `${service.status === undefined ? 1 : 0} ${service.metadata.creationTimestamp} ${refOf(service).key}`
}

function isTaken(address: string, { cluster, key }: Allocation): boolean {
  return cluster.servicesAt(address).some(service => refOf(service).key !== key)
}

function wasRefused({ status }: Service): boolean {
  return conditionOf(status?.conditions, allocatedCondition)?.status === 'False'
}

function withNodePorts(spec: ServiceSpec, allocation: Allocation): ServiceSpec {
  if (!takesNodePorts(spec) || spec.ports === undefined) return spec
  const given = new Set<string>()
  const ports = spec.ports.map(port => {
    const next = withNodePort(port, { allocation, given })
    if (next.nodePort !== undefined) given.add(`${next.protocol}/${next.nodePort}`)
    return next
  })
  return { ...spec, ports }
}

function withNodePort(
  port: ServicePort,
  { allocation, given }: { allocation: Allocation; given: ReadonlySet<string> },
): ServicePort {
  const { nodePorts } = allocation.options
  const { cluster, key, problems, service } = allocation
  const name = (nodePort: number) => `${port.protocol}/${nodePort}`
  if (port.nodePort !== undefined) {
    const holder = otherHolder(cluster, name(port.nodePort), key)
    const refusal =
      port.nodePort < nodePorts.from || port.nodePort > nodePorts.to
        ? `nodePort ${port.nodePort} is not in the range ${nodePorts.from}-${nodePorts.to}; choose one that is, or leave nodePort out`
        : holder !== undefined || given.has(name(port.nodePort))
          ? `nodePort ${port.nodePort} belongs to Service ${holder ?? key} already; choose another, or leave nodePort out`
          : undefined
    if (refusal === undefined) return port
    problems.push(refusal)
    return withoutNodePort(port)
  }
  if (wasRefused(service)) return port
  const taken = (place: number) =>
    given.has(name(nodePorts.from + place)) || isTaken(name(nodePorts.from + place), allocation)
  const place = firstFree(`${key}/${port.port}`, { size: nodePorts.to - nodePorts.from + 1, taken })
  if (place !== undefined) return { ...port, nodePort: nodePorts.from + place }
  problems.push(`no node port is free in ${nodePorts.from}-${nodePorts.to}; remove Services you do not need`)
  return port
}

function allocated(service: Service, { problems, env }: { problems: readonly string[]; env: Env }) {
  const { conditions } = service.status ?? {}
  if (problems.length > 0) {
    const message = problems.join('; ')
    return withCondition(
      conditions,
      { type: allocatedCondition, status: 'False', reason: 'AddressNotAvailable', message },
      env.now,
    )
  }
  // What was refused stays refused until a commit changes the Service.
  return wasRefused(service) ? (conditions ?? []) : withoutCondition(conditions, allocatedCondition)
}

/** What the nodes' proxies say; where none said anything since the start, what they said before it stands. */
function bound(
  cluster: IndexedView,
  key: Key,
  { conditions, env }: { conditions: ReturnType<typeof allocated>; env: Env },
) {
  const problems = cluster.sessions.serviceProblems(key)
  if (problems === undefined) return conditions
  if (problems.size === 0) return withoutCondition(conditions, boundCondition)
  const message = [...problems].sort(([a], [b]) => (a < b ? -1 : 1)).map(([node, problem]) => `${node}: ${problem}`)
  return withCondition(
    conditions,
    { type: boundCondition, status: 'False', reason: 'AddressInUse', message: message.join('; ') },
    env.now,
  )
}

function warning(service: Service, message: string): Change {
  return {
    kind: 'event',
    ref: refOf(service),
    type: 'Warning',
    reason: 'AddressNotAvailable',
    message,
    component: 'service-controller',
  }
}
