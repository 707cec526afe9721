import type { ProxyEndpoint, ProxyPort, ProxyTable } from './table.ts'

/** Whether every field is of its type: a port that is none would end the proxy at the first connection. */
export function isTable(value: unknown): value is ProxyTable {
  const { ports } = fieldsOf<ProxyTable>(value)
  return Array.isArray(ports) && ports.every(isPort)
}

function isPort(value: unknown): value is ProxyPort {
  const { namespace, name, protocol, endpoints, affinitySeconds } = fieldsOf<ProxyPort>(value)
  return (
    typeof namespace === 'string' &&
    typeof name === 'string' &&
    (protocol === 'TCP' || protocol === 'UDP') &&
    isEndpoint(value) &&
    Array.isArray(endpoints) &&
    endpoints.every(isEndpoint) &&
    (affinitySeconds === undefined || typeof affinitySeconds === 'number')
  )
}

function isEndpoint(value: unknown): value is ProxyEndpoint {
  const { address, port } = fieldsOf<ProxyEndpoint>(value)
  return typeof address === 'string' && typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536
}

/** Whatever it is, as an object whose fields are of no known type. */
function fieldsOf<T>(value: unknown): { readonly [field in keyof T]?: unknown } {
  return { ...(value as object) }
}
