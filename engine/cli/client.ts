import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { WebSocket } from 'ws'
import type { Connection } from './connection.ts'
import { CliError, exitCodes } from './failure.ts'

/** Asks a Gantry. Every failure is a CliError that names the server or quotes its message. */
export interface Client {
  readonly server: string
  get<T>(path: string, options?: { accept?: string }): Promise<T>
  post<T>(path: string, body: object): Promise<T>
  /** The text of a long response, in pieces as they come. */
  stream(path: string, options?: { accept?: string; signal?: AbortSignal }): AsyncGenerator<string>
  /** A WebSocket that is open, and paused: what comes at once would find nobody listening. */
  connect(path: string): Promise<WebSocket>
}

/** An answer that says no. */
export class RequestError extends CliError {
  readonly code: number
  constructor(message: string, options: { code: number; remedy?: string }) {
    super(message, options.remedy === undefined ? {} : { remedy: options.remedy })
    this.name = 'RequestError'
    this.code = options.code
  }
}

interface Ask {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly accept: string
  readonly body?: string
  readonly signal?: AbortSignal
}

/** Of Kubernetes's protocols for streams, the one in which each side can say that it writes no more. */
const streamProtocol = 'v5.channel.k8s.io'

export function createClient(connection: Connection): Client {
  const url = new URL(connection.server)
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const json = 'application/json'
  return {
    server: connection.server,
    get: async (path, { accept = json } = {}) => readJson(await ask({ method: 'GET', path, accept })),
    post: async (path, body) => readJson(await ask({ method: 'POST', path, accept: json, body: JSON.stringify(body) })),
    connect,
    async *stream(path, { accept = json, signal } = {}) {
      const response = await ask({ method: 'GET', path, accept, ...(signal === undefined ? {} : { signal }) })
      response.setEncoding('utf8')
      try {
        yield* response as AsyncIterable<string>
      } catch (cause) {
        if (signal?.aborted !== true) throw unreachable(cause)
      }
    },
  }

  /** The module is loaded by those commands alone that stream. */
  async function connect(path: string): Promise<WebSocket> {
    const { WebSocket } = await import('ws')
    const socket = new WebSocket(new URL(path, url.href.replace(/^http/, 'ws')), streamProtocol, {
      headers: { Authorization: `Bearer ${connection.token}` },
      perMessageDeflate: false,
      ...(connection.ca === undefined ? {} : { ca: connection.ca }),
    })
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        socket.pause()
        resolve(socket)
      })
      socket.once('error', cause => reject(unreachable(cause)))
      socket.once('unexpected-response', (_, response) => {
        readText(response).then(body => reject(refusal(response.statusCode ?? 0, body)), reject)
      })
    })
  }

  async function ask({ method, path, accept, body, signal }: Ask): Promise<IncomingMessage> {
    const options: RequestOptions & { ca?: string } = {
      method,
      path,
      headers: {
        Accept: accept,
        Authorization: `Bearer ${connection.token}`,
        ...(body === undefined ? {} : { 'Content-Type': json, 'Content-Length': Buffer.byteLength(body) }),
      },
      ...(connection.ca === undefined ? {} : { ca: connection.ca }),
      ...(signal === undefined ? {} : { signal }),
    }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      send(url, options, resolve).once('error', reject).end(body)
    }).catch((cause: unknown) => {
      throw unreachable(cause)
    })
    const code = response.statusCode ?? 0
    if (code >= 200 && code < 300) return response
    throw refusal(code, await readText(response))
  }

  function unreachable(cause: unknown): CliError {
    const { code, message } = cause as NodeJS.ErrnoException
    const isRefused = code === 'ECONNREFUSED'
    return new CliError(
      `cannot reach Gantry at ${connection.server}: ${isRefused ? 'nothing listens there' : message}`,
      {
        cause,
        exitCode: exitCodes.unreachable,
        remedy: isRefused ? 'start it with gantry up, or name another with --server' : 'look at its log',
      },
    )
  }

  function refusal(code: number, body: string): RequestError {
    const remedy = 'give the right one with --token or GANTRY_TOKEN; it is in <data>/token'
    if (code === 401) return new RequestError(`${connection.server} does not take this token`, { code, remedy })
    return new RequestError(statusMessage(body) ?? `${connection.server} answered ${code}`, { code })
  }
}

/** As kubectl says it: `Error from server (NotFound): pods "x" not found`. */
function statusMessage(body: string): string | undefined {
  try {
    const { message, reason } = JSON.parse(body) as { message?: unknown; reason?: unknown }
    if (typeof message !== 'string') return undefined
    return typeof reason === 'string' && reason !== 'Conflict' ? `Error from server (${reason}): ${message}` : message
  } catch {
    return undefined
  }
}

async function readJson<T>(response: IncomingMessage): Promise<T> {
  return JSON.parse(await readText(response)) as T
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const piece of response as AsyncIterable<string>) text += piece
  return text
}

/** The lines of a text that comes in pieces. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
