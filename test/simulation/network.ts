import type { NodeName } from '../../engine/api/types.ts'
import type { Event } from '../../engine/core/event.ts'
import type { AssignmentDelta, NodeReport } from '../../engine/protocol/session.ts'
import type { FakeAgent, Said } from './fake-agent.ts'
import type { World } from './world.ts'

/** One connection between an agent and the engine. Either end may think that it is over before the other does. */
interface Session {
  readonly agent: FakeAgent
  /** The engine's end. */
  isOpen: boolean
  /** What is under way while the line is cut, in order. */
  readonly held: (() => void)[]
  heardAt: number
  toEngineAt: number
  toAgentAt: number
}

export interface Cut {
  readonly node: NodeName
}

export interface NetworkHandlers {
  isEngineUp(): boolean
  dispatch(event: Event): void
}

const heartbeatMs = 3_000
/** A session so long without a word is closed: engine/fleet/front-door.ts. */
const silenceMs = 12_000

/** The agents' sessions: messages take their time, come twice, and are lost with the session that carried them. */
export class Network {
  /** The agents' ends. */
  readonly #sessions = new Map<NodeName, Session>()
  /** The engine's ends. */
  readonly #known = new Map<NodeName, Session>()
  /** Lines that are dead, by what killed them last. */
  readonly #cut = new Map<NodeName, Cut>()
  readonly #world: World
  readonly #handlers: NetworkHandlers

  constructor(world: World, handlers: NetworkHandlers) {
    this.#world = world
    this.#handlers = handlers
  }

  /** Both ends speak with each other now. */
  isConnected({ name }: FakeAgent): boolean {
    const session = this.#sessions.get(name)
    return session?.isOpen === true && !this.#cut.has(name)
  }

  dial(agent: FakeAgent): void {
    const { name } = agent
    if (!agent.alive || this.#sessions.has(name)) return
    if (!this.#handlers.isEngineUp() || this.#cut.has(name)) {
      this.#world.soon(500, 3_000, () => this.dial(agent))
      return
    }
    const { now } = this.#world
    const session = { agent, isOpen: true, held: [], heardAt: now, toEngineAt: now, toAgentAt: now }
    // A new session of a node replaces the old one, which may not have been seen to end.
    this.#close(this.#known.get(name))
    this.#sessions.set(name, session)
    this.#known.set(name, session)
    this.#handlers.dispatch({ kind: 'joined', node: agent.hello(), podCIDR: `10.244.${name.slice(5)}.0/24` })
    this.#watch(session)
    session.toAgentAt = this.#deliver(session, session.toAgentAt, () => {
      if (this.#sessions.get(name) !== session) return
      agent.welcomed()
      this.#beat(session)
    })
  }

  say(agent: FakeAgent, said: Said): void {
    const session = this.#sessions.get(agent.name)
    if (!session || !agent.alive) return
    const deliver = () => {
      if (!session.isOpen) return
      session.heardAt = this.#world.now
      this.#handlers.dispatch(eventOf(agent.name, said, this.#world.now))
    }
    session.toEngineAt = this.#deliver(session, session.toEngineAt, deliver)
    if (this.#world.troubled && said.kind === 'report' && this.#world.random.chance(0.05)) {
      session.toEngineAt = this.#deliver(session, session.toEngineAt, deliver)
    }
  }

  send(node: NodeName, delta: AssignmentDelta): void {
    const session = this.#known.get(node)
    if (!session) return
    session.toAgentAt = this.#deliver(session, session.toAgentAt, () => {
      if (this.#sessions.get(node) === session) session.agent.receive(delta)
    })
  }

  // ---- ends ----

  /** The connection breaks, and both ends hear of it. */
  drop(agent: FakeAgent): void {
    this.#leave(this.#known.get(agent.name))
    this.#hangUp(agent)
  }

  /** The agent is gone. `silently`: with its whole machine, and nobody is told. */
  lose(agent: FakeAgent, { silently }: { readonly silently: boolean }): void {
    this.#sessions.delete(agent.name)
    if (!silently && !this.#cut.has(agent.name)) this.#leave(this.#known.get(agent.name))
  }

  engineDied(): void {
    for (const session of this.#known.values()) this.#close(session)
    this.#known.clear()
    for (const { agent } of [...this.#sessions.values()]) if (!this.#cut.has(agent.name)) this.#hangUp(agent)
  }

  /** The line is dead and nobody is told: what was said arrives late, or the session ends first. */
  cut(agent: FakeAgent): Cut {
    const cut = { node: agent.name }
    this.#cut.set(agent.name, cut)
    return cut
  }

  /** Undoes a cut, where no later one took its place; without one, whatever there is. */
  mend(agent: FakeAgent, cut: Cut | undefined = this.#cut.get(agent.name)): void {
    if (!cut || this.#cut.get(agent.name) !== cut) return
    this.#cut.delete(agent.name)
    const session = this.#sessions.get(agent.name)
    if (session && !session.isOpen) this.#hangUp(agent)
    else for (const run of session?.held.splice(0) ?? []) run()
  }

  #hangUp(agent: FakeAgent): void {
    if (this.#sessions.delete(agent.name) && agent.alive) this.#world.soon(100, 5_000, () => this.dial(agent))
  }

  /** The engine's end closes, and the core hears of it. */
  #leave(session: Session | undefined): void {
    if (!session?.isOpen) return
    this.#close(session)
    this.#known.delete(session.agent.name)
    this.#handlers.dispatch({ kind: 'left', node: session.agent.name })
  }

  #close(session: Session | undefined): void {
    if (session) session.isOpen = false
  }

  #watch(session: Session): void {
    this.#world.schedule.after(session.heardAt + silenceMs - this.#world.now, () => {
      if (!session.isOpen) return
      if (this.#world.now - session.heardAt < silenceMs) {
        this.#watch(session)
        return
      }
      this.#leave(session)
      if (this.#sessions.get(session.agent.name) === session && !this.#cut.has(session.agent.name)) {
        this.#hangUp(session.agent)
      }
    })
  }

  #beat(session: Session): void {
    this.#world.schedule.after(heartbeatMs, () => {
      if (this.#sessions.get(session.agent.name) !== session) return
      this.say(session.agent, { kind: 'heartbeat' })
      this.#beat(session)
    })
  }

  /** Carries one message, after those before it. Returns when it will be there. */
  #deliver(session: Session, notBefore: number, run: () => void): number {
    const { now, random } = this.#world
    const at = Math.max(notBefore, now + random.between(1, random.chance(0.05) ? 1_500 : 30))
    this.#world.schedule.after(at - now, () => {
      if (this.#cut.has(session.agent.name)) session.held.push(run)
      else run()
    })
    return at
  }
}

function eventOf(node: NodeName, said: Said, now: number): Event {
  switch (said.kind) {
    case 'node':
      return said satisfies { node: NodeReport }
    case 'report':
    case 'acknowledged':
      return { ...said, node }
    case 'heartbeat':
      return { kind: 'heartbeats', nodes: [node], since: now }
  }
}
