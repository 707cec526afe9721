import type { Service } from '../../engine/api/types.ts'

/** The variables that tell a container of the services of its namespace (kubelet/envvars, FromServices). */
export function serviceVariables(services: readonly Service[]): [name: string, value: string][] {
  return services.filter(hasAddress).flatMap(service => {
    const prefix = variableName(service.metadata.name)
    const host = service.spec.clusterIP ?? ''
    const ports = service.spec.ports ?? []
    const [first] = ports
    if (!first) return []
    return [
      [`${prefix}_SERVICE_HOST`, host],
      [`${prefix}_SERVICE_PORT`, String(first.port)],
      ...ports.flatMap(({ name, port }): [string, string][] =>
        name ? [[`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)]] : [],
      ),
      [`${prefix}_PORT`, `${first.protocol.toLowerCase()}://${host}:${first.port}`],
      ...ports.flatMap(({ port, protocol }): [string, string][] => {
        const link = `${prefix}_PORT_${port}_${protocol}`
        return [
          [link, `${protocol.toLowerCase()}://${host}:${port}`],
          [`${link}_PROTO`, protocol.toLowerCase()],
          [`${link}_PORT`, String(port)],
          [`${link}_ADDR`, host],
        ]
      }),
    ]
  })
}

function hasAddress({ spec }: Service): boolean {
  return (
    spec.type !== 'ExternalName' && spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None'
  )
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}
