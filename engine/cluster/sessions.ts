import type { Key } from '../api/reference.ts'
import type { NodeName, Uid } from '../api/types.ts'
import { ServedVersions } from './served-versions.ts'

export interface Session {
  readonly connected: boolean
  /** When the node was last heard of (env.now). */
  readonly heardAt: number
  /** The resourceVersion that the node's proxy serves. */
  readonly acknowledged: number
}

/** A pod that is leaving the endpoints. */
export interface Draining {
  /** Once every connected node acknowledged this resourceVersion, nobody sends the pod new connections. */
  readonly resourceVersion: number
  /** … or at this time (env.now), whoever is still silent. */
  readonly until: number
}

/**
 * What is known of the agents' sessions. Not recorded: after a restart every agent begins a new one, and a node that
 * the record calls ready counts as heard of when it is first asked about.
 */
export class Sessions {
  /**
   * The resourceVersion at which traffic was last to leave an endpoint: a proxy that serves it sends nothing to a pod that had
   * left the endpoints by then.
   */
  routesVersion = 0
  readonly #nodes = new Map<NodeName, Session>()
  /** Of the connected nodes' proxies. */
  readonly #served = new ServedVersions()
  readonly #draining = new Map<Uid, Draining>()
  readonly #serviceProblems = new Map<Key, Map<NodeName, string>>()

  begin(node: NodeName, now: number): void {
    this.#set(node, { connected: true, heardAt: now, acknowledged: 0 })
    for (const problems of this.#serviceProblems.values()) problems.delete(node)
  }

  end(node: NodeName): void {
    const session = this.#nodes.get(node)
    if (session) this.#set(node, { ...session, connected: false })
  }

  heard(node: NodeName, now: number): void {
    const session = this.#nodes.get(node)
    if (session?.connected === true) this.#set(node, { ...session, heardAt: now })
  }

  acknowledge(node: NodeName, resourceVersion: number): void {
    const session = this.#nodes.get(node)
    if (session && resourceVersion > session.acknowledged) {
      this.#set(node, { ...session, acknowledged: resourceVersion })
    }
  }

  /** The node's session; where none began yet since the start, one that counts as heard of just now. */
  of(node: NodeName, now: number): Session {
    const known = this.#nodes.get(node)
    if (known) return known
    const session = { connected: false, heardAt: now, acknowledged: 0 }
    this.#set(node, session)
    return session
  }

  connected(): readonly NodeName[] {
    return [...this.#nodes].flatMap(([node, session]) => (session.connected ? [node] : []))
  }

  isConnected(node: NodeName): boolean {
    return this.#nodes.get(node)?.connected === true
  }

  /** The resourceVersion that every connected node's proxy serves at least; 0 where none is connected. */
  leastAcknowledged(): number {
    return this.#served.least() ?? 0
  }

  drainingOf(pod: Uid): Draining | undefined {
    return this.#draining.get(pod)
  }

  /** Notes that a pod begins to leave the endpoints. */
  drain(pod: Uid, draining: Draining): Draining {
    this.#draining.set(pod, draining)
    return draining
  }

  drained(pod: Uid): void {
    this.#draining.delete(pod)
  }

  /** What the node's proxy says of a Service; undefined: nothing is wrong there any more. */
  noteServiceProblem(service: Key, { node, message }: { node: NodeName; message: string | undefined }): void {
    const problems = this.#serviceProblems.get(service) ?? new Map<NodeName, string>()
    if (message === undefined) problems.delete(node)
    else problems.set(node, message)
    this.#serviceProblems.set(service, problems)
  }

  /** What nodes say is wrong with a Service, by node; undefined where none said anything since the start. */
  serviceProblems(service: Key): ReadonlyMap<NodeName, string> | undefined {
    return this.#serviceProblems.get(service)
  }

  #set(node: NodeName, session: Session): void {
    const before = this.#nodes.get(node)
    this.#nodes.set(node, session)
    if (before?.connected === session.connected && before.acknowledged === session.acknowledged) return
    if (session.connected) this.#served.add(session.acknowledged)
    if (before?.connected === true) this.#served.remove(before.acknowledged)
  }
}
