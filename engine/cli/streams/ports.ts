/** What `gantry port-forward` is told to forward. Pure. */
import type { KubeObject, Pod, Service } from '../../api/types.ts'
import { CliError, usageError } from '../failure.ts'

export interface ForwardedPort {
  /** 0: any that is free. */
  readonly local: number
  /** In the pod. */
  readonly remote: number
}

/** `8080`, `8080:80`, `:80`, `8080:http`; ports of a service lead to its pods' ports. @throws CliError */
export function readPort(text: string, { pod, by }: { pod: Pod; by: KubeObject }): ForwardedPort {
  const [first = '', second, ...rest] = text.split(':')
  if (rest.length > 0) throw usageError(`"${text}" is not a port`, 'write 8080, 8080:80, or :80 for any free port')
  const wanted = second ?? first
  const named = by.kind === 'Service' ? servicePort(by as Service, wanted) : wanted
  const remote = /^\d+$/.test(String(named)) ? Number(named) : containerPort(pod, String(named))
  const local = second === undefined ? (portNumber(first) ?? remote) : first === '' ? 0 : portNumber(first)
  if (local === undefined || remote < 1 || remote > 65_535) {
    throw usageError(`"${text}" is not a port`, 'write 8080, 8080:80, or :80 for any free port')
  }
  return { local, remote }
}

function portNumber(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
}

function servicePort(service: Service, wanted: string): string | number {
  const ports = service.spec.ports ?? []
  const port = ports.find(({ name, port }) => name === wanted || String(port) === wanted)
  if (port === undefined) {
    throw new CliError(`Service ${service.metadata.name} does not have a service port ${wanted}`, {
      remedy: `it has ${ports.map(({ port }) => port).join(', ')}`,
    })
  }
  return port.targetPort ?? port.port
}

function containerPort(pod: Pod, name: string): number {
  for (const container of pod.spec.containers) {
    const port = container.ports?.find(candidate => candidate.name === name)
    if (port !== undefined) return port.containerPort
  }
  throw new CliError(`Pod ${pod.metadata.name} does not have a named port '${name}'`, { remedy: 'name its number' })
}
