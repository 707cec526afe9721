import type { Service, ServicePort } from '../../engine/api/types.ts'

type Variable = readonly [name: string, value: string]

/** The variables that tell a container of the services of its namespace (kubelet/envvars, FromServices). */
export function serviceVariables(services: readonly Service[]): readonly Variable[] {
  return services.filter(hasAddress).flatMap(variablesOf)
}

function variablesOf({ metadata, spec }: Service): readonly Variable[] {
  const prefix = variableName(metadata.name)
  const host = spec.clusterIP ?? ''
  const ports = spec.ports ?? []
  const [first] = ports
  if (!first) return []
  const named = ports.filter(port => port.name)
  return [
    [`${prefix}_SERVICE_HOST`, host],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named.map((port): Variable => [`${prefix}_SERVICE_PORT_${variableName(port.name ?? '')}`, String(port.port)]),
    [`${prefix}_PORT`, urlOf(first, host)],
    ...ports.flatMap(port => linkVariables(port, { prefix, host })),
  ]
}

/** As Docker's links once named them. */
function linkVariables(port: ServicePort, { prefix, host }: { prefix: string; host: string }): readonly Variable[] {
  const link = `${prefix}_PORT_${port.port}_${port.protocol}`
  return [
    [link, urlOf(port, host)],
    [`${link}_PROTO`, port.protocol.toLowerCase()],
    [`${link}_PORT`, String(port.port)],
    [`${link}_ADDR`, host],
  ]
}

function urlOf({ protocol, port }: ServicePort, host: string): string {
  return `${protocol.toLowerCase()}://${host}:${port}`
}

function hasAddress({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && Boolean(spec.clusterIP) && spec.clusterIP !== 'None'
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}
