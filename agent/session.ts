/**
 * The agent's side of the session: it dials the engine and dials again whenever the connection is lost; on the
 * connection it is the HTTP/2 server.
 */
import { constants, performServerHandshake } from 'node:http2'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { connect, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { streamWindow } from '../engine/protocol/streams.ts'
import { answer } from './answers.ts'
import type { OpenStream } from './answers.ts'
import { createLineDecoder, encodeLine } from '../engine/protocol/lines.ts'
import { parseEngineMessage } from '../engine/protocol/parse.ts'
import type { AgentMessage, EngineMessage, NetworkMode, NodeReport } from '../engine/protocol/session.ts'
import { protocolVersions } from '../engine/protocol/versions.ts'

export interface EngineLink {
  /** Dropped where there is no session: after a reconnect everything is said anew. */
  send(message: AgentMessage): void
  /** Ends the connection and dials anew. */
  renew(): void
  close(): void
}

export interface EngineLinkOptions {
  /** Opens a connection to the engine, unless the signal comes first. */
  dial(signal: AbortSignal): Promise<Duplex>
  readonly network: NetworkMode
  node(): NodeReport
  onMessage(message: Exclude<EngineMessage, { type: 'refused' }>): void
  /** A connection is made, from this address of the machine where it goes over a network. */
  onConnected?(from: string | undefined): void
  onDown(reason: Error | undefined): void
  /** Whether to try again soon: something was mended. */
  onRefused(reason: string, remedy: string): boolean
  /** What the engine asks beside the session. */
  readonly open: OpenStream
}

/** The longest pause between two tries; the first is 100 ms, each next one twice as long, all with jitter. */
const maxPause = 5_000
/** After a refusal: a person has to mend what it names. */
const refusedPause = 30_000
/** With every third heartbeat it asks whether the engine is there: answers cost the engine as much as heartbeats. */
const heartbeatsToAnswer = 3
/** An engine that answers nothing for so many heartbeats is not there, whatever the connection looks like. */
const silentHeartbeats = 10

export function dialUnixSocket(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

export function linkToEngine(options: EngineLinkOptions): EngineLink {
  let stream: ServerHttp2Stream | undefined
  const ended = new AbortController()
  let end: (() => void) | undefined
  let retry: NodeJS.Timeout | undefined
  let heartbeat: NodeJS.Timeout | undefined
  let pause = 100
  let closed = false

  const send = (message: AgentMessage): void => {
    if (stream !== undefined && !stream.destroyed) stream.write(encodeLine(message))
  }

  function dial(): void {
    options.dial(ended.signal).then(serve, again)
  }

  function again(reason: Error | undefined): void {
    stream = undefined
    clearInterval(heartbeat)
    if (closed) return
    options.onDown(reason)
    retry = setTimeout(dial, pause * (0.5 + Math.random()))
    pause = Math.min(pause * 2, maxPause)
  }

  function serve(socket: Duplex): void {
    if (closed) {
      socket.destroy()
      return
    }
    let reason: Error | undefined
    socket.on('error', error => (reason ??= error))
    options.onConnected?.(socket instanceof Socket ? socket.localAddress : undefined)
    const session = performServerHandshake(socket, { settings: { initialWindowSize: streamWindow } })
    session.on('error', error => (reason ??= error))
    session.on('stream', (opened, headers) => {
      if (headers[constants.HTTP2_HEADER_PATH] === '/v1/session') begin(opened, session)
      else void answer(opened, String(headers[constants.HTTP2_HEADER_PATH]), options.open)
    })
    end = () => session.destroy()
    socket.once('close', () => {
      session.destroy()
      again(reason)
    })
  }

  /** Says that the agent is there, and hears whether the engine is. */
  function beat(session: ServerHttp2Session, seconds: number): NodeJS.Timeout {
    let heardAt = performance.now()
    const endIfSilent = (): void => {
      if (performance.now() - heardAt > silentHeartbeats * seconds * 1000) {
        session.destroy(new Error('the engine does not answer'))
      }
    }
    let beats = 0
    return setInterval(() => {
      send({ type: 'heartbeat' })
      if (++beats % heartbeatsToAnswer === 0 && !session.destroyed) session.ping(() => (heardAt = performance.now()))
      // Answers that came while this process stood still are read before that.
      setImmediate(endIfSilent)
    }, seconds * 1000)
  }

  function begin(opened: ServerHttp2Stream, session: ServerHttp2Session): void {
    stream = opened
    opened.on('error', () => {}) // Follows from the connection's end, which is handled above.
    opened.respond({ [constants.HTTP2_HEADER_STATUS]: 200 })
    opened.setEncoding('utf8')
    const decode = createLineDecoder(json => {
      const message = parseEngineMessage(json)
      if (message.type === 'refused') {
        pause = options.onRefused(message.reason, message.remedy) ? 100 : refusedPause
        return
      }
      if (message.type === 'welcome') {
        pause = 100
        clearInterval(heartbeat)
        heartbeat = beat(session, message.heartbeatSeconds)
      }
      options.onMessage(message)
    })
    opened.on('data', (chunk: string) => {
      try {
        decode(chunk)
      } catch (error) {
        opened.session?.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
    opened.on('end', () => opened.end())
    send({ type: 'hello', versions: protocolVersions, node: options.node(), network: options.network })
  }

  dial()
  return {
    send,
    renew: () => end?.(),
    close() {
      closed = true
      ended.abort()
      clearTimeout(retry)
      clearInterval(heartbeat)
      end?.()
    },
  }
}
