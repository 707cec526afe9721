/** Where agents knock: accepts their connections, reads who they are, and keeps one session a node. */
import { createServer } from 'node:net'
import { chmod, unlink } from 'node:fs/promises'
import { openSession, LogError } from './session.ts'
import type { Session } from './session.ts'
import { protocolVersion } from '../protocol/session.ts'
import type {
  AgentMessage,
  AssignmentDelta,
  LogRequest,
  NetworkMode,
  NodeReport,
  NodeSettings,
} from '../protocol/session.ts'
import type { NodeName } from '../api/types.ts'

export interface FrontDoor {
  readonly connected: ReadonlySet<NodeName>
  send(node: NodeName, delta: AssignmentDelta): void
  logs(node: NodeName, request: LogRequest, signal: AbortSignal): AsyncIterable<string>
  close(): Promise<void>
}

export interface FrontDoorOptions {
  readonly socketPath: string
  readonly heartbeatSeconds: number
  /** The settings of a node that says hello: its pod range is the same each time. Or why it may not join. */
  settingsFor(node: NodeName, network: NetworkMode): Promise<NodeSettings | { refused: string; remedy: string }>
  /** The node's session is up and welcomed; a full delta must follow. */
  onJoined(node: NodeReport, settings: NodeSettings): void
  onMessage(node: NodeName, message: Exclude<AgentMessage, { type: 'hello' }>): void
  onLeft(node: NodeName, reason: Error | undefined): void
  onRefused(reason: string): void
}

/** A session with so many heartbeats missing is closed. */
const silentHeartbeats = 4

type Hello = Extract<AgentMessage, { type: 'hello' }>

/** Listens on a Unix socket that only this user may open. Rejects where another engine listens there. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const sessions = new Map<NodeName, Session>()
  const names = new Map<Session, NodeName>()
  const open = new Set<Session>()

  function refuse(session: Session, reason: string, remedy: string): void {
    session.send({ type: 'refused', reason, remedy })
    options.onRefused(reason)
  }

  async function hello(session: Session, { version, node, network }: Hello): Promise<void> {
    if (version !== protocolVersion) {
      const reason = `the agent of node ${node.name} speaks version ${version} of the protocol, this engine ${protocolVersion}`
      refuse(session, reason, 'run the same version of Gantry on both')
      return
    }
    const settings = await options.settingsFor(node.name, network)
    if ('refused' in settings) {
      refuse(session, settings.refused, settings.remedy)
      return
    }
    if (!open.has(session)) return
    // A new session of a node replaces the old one: the agent restarted before its old connection was seen to end.
    const former = sessions.get(node.name)
    if (former !== undefined) {
      names.delete(former)
      former.close()
    }
    sessions.set(node.name, session)
    names.set(session, node.name)
    session.send({ type: 'welcome', version: protocolVersion, settings, heartbeatSeconds: options.heartbeatSeconds })
    options.onJoined(node, settings)
  }

  const server = createServer(socket => {
    // A node that says nothing for so long is not there, whatever its connection looks like.
    const silence = setTimeout(() => session.close(), silentHeartbeats * options.heartbeatSeconds * 1000)
    const session = openSession(socket, {
      onMessage(from, message) {
        silence.refresh()
        const name = names.get(from)
        if (message.type === 'hello') {
          if (name === undefined) hello(from, message).catch(() => from.close())
        } else if (name !== undefined) {
          options.onMessage(name, message)
        }
      },
      onEnd(from, reason) {
        clearTimeout(silence)
        open.delete(from)
        const name = names.get(from)
        if (name === undefined) return
        names.delete(from)
        sessions.delete(name)
        options.onLeft(name, reason)
      },
    })
    open.add(session)
  })
  await unlink(options.socketPath).catch(() => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.socketPath, resolve)
  })
  await chmod(options.socketPath, 0o600)

  return {
    get connected() {
      return new Set(sessions.keys())
    },
    send: (node, delta) => sessions.get(node)?.send({ type: 'assign', delta }),
    logs(node, request, signal) {
      const session = sessions.get(node)
      if (session === undefined) throw new LogError(503, `node ${node} is not connected: its agent has the logs`)
      return session.logs(request, signal)
    },
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const session of open) session.close()
      await closed
    },
  }
}
