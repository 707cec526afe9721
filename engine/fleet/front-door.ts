/** The agents' sessions, one a node: who may speak for which node, and what each is told. */
import type { Duplex } from 'node:stream'
import { openSession } from './session.ts'
import type { Session } from './session.ts'
import type { Refusal } from '../protocol/joining.ts'
import { agreedVersion, protocolVersions } from '../protocol/versions.ts'
import type { AgentMessage, AssignmentDelta, NetworkMode, NodeReport, NodeSettings } from '../protocol/session.ts'
import { StreamRefused } from '../protocol/streams.ts'
import type { StreamRequest } from '../protocol/streams.ts'
import type { NodeName } from '../api/types.ts'

/** Who is at the other end of a connection. */
export interface Peer {
  /** For people who read the log. */
  readonly from: string
  /** The only node that it may speak for, and until when (milliseconds since 1970); or why for none. */
  readonly may: { readonly node: NodeName; readonly expiresAt: number } | Refusal
}

export interface FrontDoor {
  readonly connected: ReadonlySet<NodeName>
  /** Begins a session on a connection. */
  accept(socket: Duplex, peer: Peer): void
  send(node: NodeName, delta: AssignmentDelta): void
  /** Tells every agent that joined by certificate which CAs to trust. */
  tellAuthorities(): void
  /** Ends the node's session, and says why. */
  end(node: NodeName, refusal: Refusal): void
  /** A stream to the node's agent. Rejects with StreamRefused. */
  open(node: NodeName, request: StreamRequest, signal: AbortSignal): Promise<Duplex>
  close(): void
}

export interface FrontDoorOptions {
  readonly heartbeatSeconds: number
  /** The settings of a node that says hello: its pod range is the same each time. Or why it may not join. */
  settingsFor(node: NodeName, network: NetworkMode): Promise<NodeSettings | Refusal>
  /** A new certificate for a node, with the moment at which it expires; or why not. */
  renew(node: NodeName, request: string): Promise<{ certificate: string; expiresAt: number } | Refusal>
  /** PEM of every CA to trust. */
  authorities(): string
  /** The node's session is up and welcomed; a full delta must follow. */
  onJoined(node: NodeReport, settings: NodeSettings): void
  onMessage(node: NodeName, message: Exclude<AgentMessage, { type: 'hello' | 'renew' }>): void
  onLeft(node: NodeName, reason: Error | undefined): void
  onRefused(refusal: Refusal, from: string): void
}

/** A session with so many heartbeats missing is closed. */
const silentHeartbeats = 4

interface Guest {
  readonly session: Session
  readonly from: string
  readonly node: NodeName
  expiresAt: number
  /** It said hello, and is or will be welcomed or refused. */
  greeted: boolean
}

type Hello = Extract<AgentMessage, { type: 'hello' }>

export function createFrontDoor(options: FrontDoorOptions): FrontDoor {
  /** Those that were welcomed. */
  const guests = new Map<NodeName, Guest>()
  const open = new Set<Session>()

  function refuse({ session, from }: Pick<Guest, 'session' | 'from'>, refusal: Refusal): void {
    session.refuse({ reason: refusal.reason, remedy: refusal.remedy })
    options.onRefused(refusal, from)
  }

  /** Whether the guest got what it said hello for. */
  async function welcome(guest: Guest, { versions, node, network }: Hello): Promise<void> {
    const { session } = guest
    if (node.name !== guest.node) {
      const reason = `an agent with the certificate of node ${guest.node} says that it is node ${node.name}`
      refuse(guest, { reason, remedy: `start it with --name ${guest.node}, or join as ${node.name}` })
      return
    }
    const settings = await options.settingsFor(node.name, network)
    if ('reason' in settings) {
      refuse(guest, settings)
      return
    }
    // The agent restarted before its old connection was seen to end; or there are two, and then the first one stays: the
    // second may be anybody who has got hold of its certificate.
    const former = guests.get(node.name)
    if (former !== undefined && (await former.session.isAlive())) {
      const reason = `node ${node.name} is connected already, from ${former.from}`
      refuse(guest, {
        reason,
        remedy: 'two agents have its certificate: stop one, and let it join under a name of its own',
      })
      return
    }
    if (former !== undefined && guests.get(node.name) === former) {
      guests.delete(node.name)
      former.session.close()
    }
    if (!open.has(session)) return
    if (guests.has(node.name)) {
      session.close()
      return
    }
    guests.set(node.name, guest)
    const version = agreedVersion(versions, protocolVersions)
    session.send({ type: 'welcome', version, settings, heartbeatSeconds: options.heartbeatSeconds })
    if (Number.isFinite(guest.expiresAt)) session.send({ type: 'authorities', authorities: options.authorities() })
    options.onJoined(node, settings)
  }

  async function renew(guest: Guest, request: string): Promise<void> {
    const renewed = await options.renew(guest.node, request)
    if ('reason' in renewed) {
      refuse(guest, renewed)
      return
    }
    guest.expiresAt = renewed.expiresAt
    guest.session.send({ type: 'certificate', certificate: renewed.certificate })
  }

  function receive(guest: Guest, message: AgentMessage): void {
    const { session, node } = guest
    if (Date.now() >= guest.expiresAt) {
      const reason = `the certificate of node ${node} expired at ${new Date(guest.expiresAt).toISOString()}`
      refuse(guest, { reason, remedy: 'look why the agent does not renew it' })
    } else if (message.type === 'hello') {
      if (guest.greeted) return
      guest.greeted = true
      welcome(guest, message).catch(() => session.close())
    } else if (guests.get(node) !== guest) {
      // Not welcome, or not yet.
    } else if (message.type === 'renew') {
      renew(guest, message.request).catch(() => session.close())
    } else {
      options.onMessage(node, message)
    }
  }

  function accept(socket: Duplex, { from, may }: Peer): void {
    // A node that says nothing for so long is not there, whatever its connection looks like. What it said while this
    // process stood still is read between a timer and an immediate.
    let heard = false
    const lookAgain = (): void => {
      heard = false
      setImmediate(() => {
        if (!heard) session.close()
      })
    }
    const silence = setTimeout(lookAgain, silentHeartbeats * options.heartbeatSeconds * 1000)
    const session = openSession(socket, {
      onMessage(_, message) {
        heard = true
        silence.refresh()
        if (guest !== undefined) receive(guest, message)
      },
      onUnfit: (_, error) => refuse({ session, from }, { reason: error.message, remedy: error.remedy }),
      onEnd(_, reason) {
        clearTimeout(silence)
        open.delete(session)
        if (guest === undefined || guests.get(guest.node) !== guest) return
        guests.delete(guest.node)
        options.onLeft(guest.node, reason)
      },
    })
    open.add(session)
    const guest: Guest | undefined = 'node' in may ? { session, from, ...may, greeted: false } : undefined
    if ('reason' in may) refuse({ session, from }, may)
  }

  return {
    get connected() {
      return new Set(guests.keys())
    },
    accept,
    send: (node, delta) => guests.get(node)?.session.assign(delta),
    tellAuthorities() {
      for (const { session, expiresAt } of guests.values()) {
        if (Number.isFinite(expiresAt)) session.send({ type: 'authorities', authorities: options.authorities() })
      }
    },
    end(node, refusal) {
      const guest = guests.get(node)
      if (guest !== undefined) refuse(guest, refusal)
    },
    async open(node, request, signal) {
      const guest = guests.get(node)
      if (guest === undefined) throw new StreamRefused(503, `node ${node} is not connected: its agent has the pod`)
      return guest.session.open(request, signal)
    },
    close() {
      for (const session of open) session.close()
    },
  }
}
