/**
 * One agent's session as the engine sees it. The agent dialled; on that connection the engine is the HTTP/2 client.
 */
import { connect } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { createLineDecoder, encodeLine } from '../protocol/lines.ts'
import { parseAgentMessage } from '../protocol/parse.ts'
import type { Refusal } from '../protocol/joining.ts'
import type { AgentMessage, AssignmentDelta, EngineMessage } from '../protocol/session.ts'
import { streamWindow } from '../protocol/streams.ts'
import type { StreamRequest } from '../protocol/streams.ts'
import { UnfitVersion } from '../protocol/versions.ts'
import { Backlog } from './backlog.ts'
import { encodeAssign } from './encode-assign.ts'
import { openStream } from './open-stream.ts'

export interface Session {
  send(message: Exclude<EngineMessage, { type: 'assign' | 'refused' }>): void
  /** Sent as fast as the agent reads. */
  assign(delta: AssignmentDelta): void
  /** Tells why the session ends, and ends it. */
  refuse(refusal: Refusal): void
  /** Whether anybody answers at the other end. */
  isAlive(): Promise<boolean>
  /** Resolves once the agent has begun what it is asked for. Rejects with StreamRefused. */
  open(request: StreamRequest, signal: AbortSignal): Promise<Duplex>
  close(): void
}

export interface SessionHandlers {
  onMessage(session: Session, message: AgentMessage): void
  /** The agent speaks no version of the protocol that this engine does. */
  onUnfit(session: Session, error: UnfitVersion): void
  /** Called once, whatever ended the session; `reason` is undefined where it was closed in good order. */
  onEnd(session: Session, reason: Error | undefined): void
}

/** How long an agent may leave what it was sent unread. */
const readTimeout = 60_000
/** How long a connection may take to say hello. */
const helloTimeout = 10_000
/** How long an agent has to read why it is refused. */
const farewell = 2_000
const pingTimeout = 2_000
/** Far more than a node's pods take in a report. */
const longestMessage = 32 * 1024 * 1024

export function openSession(socket: Duplex, handlers: SessionHandlers): Session {
  const client = connect('http://agent', {
    createConnection: () => socket,
    settings: { initialWindowSize: streamWindow },
  })
  const stream = client.request({ ':method': 'POST', ':path': '/v1/session' }, { endStream: false })
  const backlog = new Backlog()
  let unread: NodeJS.Timeout | undefined

  function write(pieces: readonly (string | Buffer)[]): void {
    if (stream.destroyed || stream.writableEnded) return
    // One write for all of them.
    stream.cork()
    for (const piece of pieces) stream.write(piece)
    stream.uncork()
    unread ??= stream.writableNeedDrain
      ? setTimeout(() => client.destroy(new Error(`the agent read nothing for ${readTimeout / 1000} s`)), readTimeout)
      : undefined
  }

  /** One delta at a time: what comes while the agent reads it is folded into the next. */
  function flush(): void {
    if (stream.writableNeedDrain) return
    const delta = backlog.take()
    if (delta !== undefined) write(encodeAssign(delta))
  }

  const session: Session = {
    send: message => write([encodeLine(message)]),
    assign(delta) {
      backlog.add(delta)
      flush()
    },
    refuse(refusal) {
      write([encodeLine({ type: 'refused', ...refusal })])
      stream.end()
      clearTimeout(hello)
      hello = setTimeout(() => client.destroy(), farewell)
    },
    isAlive: () => ping(client),
    open: (request, signal) => openStream(client, request, signal),
    close: () => client.destroy(),
  }
  let hello = setTimeout(() => client.destroy(new Error('the agent did not say hello within 10 s')), helloTimeout)
  let reason: Error | undefined
  const decode = createLineDecoder(json => {
    if (stream.writableEnded) return
    clearTimeout(hello)
    handlers.onMessage(session, parseAgentMessage(json))
  }, longestMessage)

  stream.on('drain', () => {
    clearTimeout(unread)
    unread = undefined
    flush()
  })
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    try {
      decode(chunk)
    } catch (error) {
      if (error instanceof UnfitVersion) handlers.onUnfit(session, error)
      else client.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  })
  stream.on('error', (error: Error) => (reason ??= error))
  stream.on('end', () => client.close())
  client.on('error', (error: Error) => (reason ??= error))
  client.on('close', () => {
    clearTimeout(hello)
    clearTimeout(unread)
    socket.destroy()
    handlers.onEnd(session, reason)
  })
  return session
}

function ping(client: ClientHttp2Session): Promise<boolean> {
  return new Promise(resolve => {
    if (client.destroyed) {
      resolve(false)
      return
    }
    const timeout = setTimeout(() => resolve(false), pingTimeout)
    const settle = (alive: boolean): void => {
      clearTimeout(timeout)
      resolve(alive)
    }
    client.once('close', () => settle(false))
    client.ping(error => settle(error === null))
  })
}
