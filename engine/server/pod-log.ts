import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { ContainerStatus, Pod } from '../api/types.ts'
import type { LogRequest } from '../protocol/session.ts'
import type { OpenLog } from './controls.ts'
import { flag, wholeNumber } from './read-options.ts'
import { badRequest } from './status-error.ts'

/** `pods/<name>/log`. @throws StatusError 400, before anything is sent */
export async function servePodLog(
  pod: Pod,
  exchange: {
    query: URLSearchParams
    request: IncomingMessage
    response: ServerResponse
    logs: OpenLog
  },
): Promise<void> {
  const { query, response, logs } = exchange
  const request = logRequest(pod, query)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const chunks = request === undefined ? [] : await logs({ pod, request, signal: gone.signal })
  response.setHeader('Content-Type', 'text/plain')
  response.setHeader('Cache-Control', 'no-cache, private')
  response.flushHeaders()
  for await (const chunk of limited(chunks, request?.limitBytes)) {
    if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal })
  }
  response.end()
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

function chooseContainer(pod: Pod, wanted: string): string {
  const { name } = pod.metadata
  const main = pod.spec.containers.map(container => container.name)
  const init = (pod.spec.initContainers ?? []).map(container => container.name)
  if (wanted !== '') {
    if (main.includes(wanted) || init.includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${name}`)
  }
  const [only] = main
  if (only !== undefined && main.length === 1) return only
  const initChoice = init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${initChoice}`,
  )
}

/** A container that never ran has no log; the message says what it waits for. */
function checkStarted(pod: Pod, { container, previous }: { container: string; previous: boolean }): void {
  const status = statusOf(pod, container)
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

function statusOf({ status }: Pod, container: string): ContainerStatus | undefined {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  return statuses.find(({ name }) => name === container)
}

async function* limited(
  chunks: AsyncIterable<string> | Iterable<string>,
  limit: number | undefined,
): AsyncGenerator<string | Buffer> {
  let left = limit ?? Number.POSITIVE_INFINITY
  for await (const chunk of chunks) {
    const size = Buffer.byteLength(chunk)
    if (size >= left) {
      yield Buffer.from(chunk).subarray(0, left)
      return
    }
    left -= size
    yield chunk
  }
}
