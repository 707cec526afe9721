/** What an attacker would write: a session by hand, which says whatever it is told to and keeps what it hears. */
import { constants, performServerHandshake } from 'node:http2'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { createLineDecoder, encodeLine } from '../engine/protocol/lines.ts'
import { parseEngineMessage } from '../engine/protocol/parse.ts'
import type { AgentMessage, EngineMessage } from '../engine/protocol/session.ts'
import { protocolVersions } from '../engine/protocol/versions.ts'

export interface RawAgent {
  readonly heard: readonly EngineMessage[]
  send(message: AgentMessage): void
  close(): void
}

/** Says hello as `name`. */
export function rawAgent(dial: (signal: AbortSignal) => Promise<Duplex>, name: string): RawAgent {
  const heard: EngineMessage[] = []
  const ended = new AbortController()
  let stream: ServerHttp2Stream | undefined
  let connection: Duplex | undefined
  const send = (message: AgentMessage): void => void stream?.write(encodeLine(message))

  async function begin(): Promise<void> {
    const socket = await dial(ended.signal)
    connection = socket
    socket.on('error', () => {})
    performServerHandshake(socket).once('stream', opened => {
      stream = opened
      opened.on('error', () => {})
      opened.respond({ [constants.HTTP2_HEADER_STATUS]: 200 })
      const decode = createLineDecoder(json => heard.push(parseEngineMessage(json)))
      opened.setEncoding('utf8').on('data', decode)
      const node = { name, labels: {}, taints: [], status: {} }
      send({ type: 'hello', versions: protocolVersions, node, network: 'loopback' })
    })
  }

  begin().catch((error: unknown) => heard.push({ type: 'refused', reason: String(error), remedy: '' }))
  return {
    heard,
    send,
    close() {
      ended.abort()
      connection?.destroy()
    },
  }
}
