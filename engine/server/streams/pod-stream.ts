/** `pods/<name>/exec`, `/attach` and `/portforward`: what their queries ask for. */
import type { Pod } from '../../api/types.ts'
import type { AttachRequest, ExecRequest, PortForwardRequest } from '../../protocol/streams.ts'
import { chooseContainer } from '../pod-container.ts'
import { flag } from '../read-options.ts'
import { badRequest } from '../status-error.ts'

export const streamSubresources = ['exec', 'attach', 'portforward'] as const
export type StreamSubresource = (typeof streamSubresources)[number]

export function isStreamSubresource(name: string | undefined): name is StreamSubresource {
  return streamSubresources.some(subresource => subresource === name)
}

/** A stream of a command or a container, and which of its outputs the client wants. */
export interface Asked<Request> {
  readonly request: Request
  readonly stdout: boolean
  readonly stderr: boolean
}

/** @throws StatusError 400 */
export function askedExec(pod: Pod, query: URLSearchParams): Asked<ExecRequest> {
  const command = query.getAll('command')
  if (command.length === 0) throw badRequest('you must specify at least one command for the container')
  const tty = flag(query, 'tty')
  const request = { kind: 'exec', ...inContainer(pod, query), command, tty } as const
  return { request, ...outputs(query) }
}

/** @throws StatusError 400 */
export function askedAttach(pod: Pod, query: URLSearchParams): Asked<AttachRequest> {
  return { request: { kind: 'attach', ...inContainer(pod, query) }, ...outputs(query) }
}

/** A request a port. @throws StatusError 400 */
export function askedPorts(pod: Pod, query: URLSearchParams): readonly PortForwardRequest[] {
  const ports = query.getAll('ports').flatMap(text => text.split(','))
  if (ports.length === 0) throw badRequest('query parameter "ports" is required')
  return ports.map(text => {
    const port = Number(text)
    if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw badRequest(`${JSON.stringify(text)} is not a port`)
    return { kind: 'portforward', podUid: uidOf(pod), port }
  })
}

function inContainer(pod: Pod, query: URLSearchParams): { podUid: string; container: string; stdin: boolean } {
  const container = chooseContainer(pod, query.get('container') ?? '')
  return { podUid: uidOf(pod), container, stdin: flag(query, 'stdin') }
}

function outputs(query: URLSearchParams): { stdout: boolean; stderr: boolean } {
  const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map(name => flag(query, name))
  if (stdin !== true && stdout !== true && stderr !== true) {
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
  }
  return { stdout: stdout === true, stderr: stderr === true }
}

/** @throws StatusError 400 for a pod that no node runs */
function uidOf({ metadata, spec }: Pod): string {
  if (metadata.uid !== undefined && spec.nodeName !== undefined) return metadata.uid
  throw badRequest(`pod ${metadata.name} does not have a host assigned`)
}
