/**
 * One agent's session as the engine sees it. The agent dialled; on that connection the engine is the HTTP/2 client.
 */
import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { createLineDecoder, encodeLine } from '../protocol/lines.ts'
import { parseAgentMessage } from '../protocol/parse.ts'
import type { AgentMessage, EngineMessage, LogRequest } from '../protocol/session.ts'

export interface Session {
  send(message: EngineMessage): void
  /** Text as it comes. Rejects with LogError where the agent refuses the request. */
  logs(request: LogRequest, signal: AbortSignal): AsyncIterable<string>
  close(): void
}

export interface SessionHandlers {
  onMessage(session: Session, message: AgentMessage): void
  /** Called once, whatever ended the session; `reason` is undefined where it was closed in good order. */
  onEnd(session: Session, reason: Error | undefined): void
}

/** Why an agent gave no logs, with the HTTP status that tells kubectl. */
export class LogError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'LogError'
    this.status = status
  }
}

/** An agent that reads slower than this is cut off; it reconnects and gets one full delta instead of a backlog. */
const maxBacklog = 256 * 1024 * 1024
/** How long a connection may take to say hello. */
const helloTimeout = 10_000

export function openSession(socket: Duplex, handlers: SessionHandlers): Session {
  const client = connect('http://agent', { createConnection: () => socket, settings: { initialWindowSize: 1 << 20 } })
  const stream = client.request({ ':method': 'POST', ':path': '/v1/session' }, { endStream: false })
  const session: Session = {
    send(message) {
      if (stream.destroyed) return
      stream.write(encodeLine(message))
      if (stream.writableLength > maxBacklog) client.destroy(new Error('the agent reads too slowly'))
    },
    logs: (request, signal) => readLogs(client, request, signal),
    close: () => client.destroy(),
  }
  const hello = setTimeout(() => client.destroy(new Error('the agent did not say hello within 10 s')), helloTimeout)
  let reason: Error | undefined
  const decode = createLineDecoder(json => {
    clearTimeout(hello)
    handlers.onMessage(session, parseAgentMessage(json))
  })

  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    try {
      decode(chunk)
    } catch (error) {
      client.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  })
  stream.on('error', (error: Error) => (reason ??= error))
  stream.on('end', () => client.close())
  client.on('error', (error: Error) => (reason ??= error))
  client.on('close', () => {
    clearTimeout(hello)
    socket.destroy()
    handlers.onEnd(session, reason)
  })
  return session
}

async function* readLogs(client: ClientHttp2Session, request: LogRequest, signal: AbortSignal): AsyncIterable<string> {
  const query = new URLSearchParams(
    Object.entries(request).map(([name, value]): [string, string] => [name, String(value)]),
  )
  const stream: ClientHttp2Stream = client.request({ ':method': 'GET', ':path': `/v1/logs?${query}` }, { signal })
  stream.setEncoding('utf8')
  const status = await new Promise<number>((resolve, reject) => {
    stream.once('response', headers => resolve(Number(headers[constants.HTTP2_HEADER_STATUS])))
    stream.once('error', reject)
    stream.once('close', () => reject(new Error('the agent closed the stream before it answered')))
  })
  if (status !== 200) {
    let message = ''
    for await (const chunk of stream) message += String(chunk)
    throw new LogError(status, message.trim())
  }
  for await (const chunk of stream) yield String(chunk)
}
