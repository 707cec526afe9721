import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Pod } from '../api/types.ts'
import type { LogRequest } from '../protocol/session.ts'
import type { OpenStream } from './controls.ts'
import { chooseContainer, containerStatus } from './pod-container.ts'
import { flag, wholeNumber } from './read-options.ts'
import { badRequest } from './status-error.ts'

/** `pods/<name>/log`. @throws StatusError 400, before anything is sent */
export async function servePodLog(
  pod: Pod,
  exchange: {
    query: URLSearchParams
    request: IncomingMessage
    response: ServerResponse
    openStream: OpenStream
  },
): Promise<void> {
  const { query, response, openStream } = exchange
  const request = logRequest(pod, query)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const stream =
    request === undefined
      ? Readable.from([])
      : await openStream(pod.spec.nodeName ?? '', { kind: 'logs', ...request }, gone.signal)
  response.setHeader('Content-Type', 'text/plain')
  response.setHeader('Cache-Control', 'no-cache, private')
  response.flushHeaders()
  await pipeline(stream, response)
}

/** What to ask the pod's node for; undefined while the pod has none, whose log is empty. @throws StatusError 400 */
function logRequest(pod: Pod, query: URLSearchParams): LogRequest | undefined {
  const container = chooseContainer(pod, query.get('container') ?? '')
  const previous = flag(query, 'previous')
  if (pod.spec.nodeName === undefined || pod.metadata.uid === undefined) return undefined
  checkStarted(pod, { container, previous })
  const sinceTime = query.get('sinceTime') ?? ''
  const numbers = {
    tailLines: wholeNumber(query, 'tailLines'),
    sinceSeconds: wholeNumber(query, 'sinceSeconds'),
    limitBytes: wholeNumber(query, 'limitBytes'),
  }
  if (sinceTime !== '' && Number.isNaN(Date.parse(sinceTime))) {
    throw badRequest(`sinceTime must be a time as in RFC 3339, not ${JSON.stringify(sinceTime)}`)
  }
  if (sinceTime !== '' && numbers.sinceSeconds !== undefined) {
    throw badRequest('only one of sinceTime and sinceSeconds may be given')
  }
  return {
    podUid: pod.metadata.uid,
    container,
    previous,
    follow: flag(query, 'follow'),
    timestamps: flag(query, 'timestamps'),
    ...(numbers.tailLines === undefined ? {} : { tailLines: numbers.tailLines }),
    ...(numbers.sinceSeconds === undefined ? {} : { sinceSeconds: numbers.sinceSeconds }),
    ...(numbers.limitBytes === undefined ? {} : { limitBytes: numbers.limitBytes }),
    ...(sinceTime === '' ? {} : { sinceTime }),
  }
}

/** A container that never ran has no log; the message says what it waits for. */
function checkStarted(pod: Pod, { container, previous }: { container: string; previous: boolean }): void {
  const status = containerStatus(pod, container)
  const what = `container "${container}" in pod "${pod.metadata.name}"`
  if (previous) {
    if (status?.lastState?.terminated === undefined) throw badRequest(`previous terminated ${what} not found`)
    return
  }
  if (status === undefined) throw badRequest(`${what} is not available`)
  const hasRun = status.lastState?.terminated ?? status.state.running ?? status.state.terminated
  if (hasRun !== undefined) return
  const reason = status.state.waiting?.reason
  throw badRequest(
    reason === undefined
      ? `${what} is waiting to start - no logs yet`
      : reason === 'ErrImagePull'
        ? `${what} is waiting to start: image can't be pulled`
        : `${what} is waiting to start: ${reason}`,
  )
}
