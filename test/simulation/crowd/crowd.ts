import type { Cluster } from '../../../engine/cluster/cluster.ts'
import type { Env } from '../../../engine/cluster/view.ts'
import type { NodeName } from '../../../engine/api/types.ts'
import type { Effects, Event } from '../../../engine/core/event.ts'
import { assignments, type CoreOptions, step } from '../../../engine/core/step.ts'
import type { AssignmentDelta } from '../../../engine/protocol/session.ts'
import { Random } from '../random.ts'
import { CrowdAgent } from './crowd-agent.ts'

const options: CoreOptions = {
  clusterName: 'crowd',
  serviceCIDR: '10.96.0.0/16',
  nodePorts: { from: 30000, to: 32767 },
}
export const heartbeatMs = 3_000
/** A session so long without a word is closed: engine/fleet/front-door.ts. */
const silenceMs = 12_000
/** Heartbeats come all the time: so many nodes at a time speak at once. */
const beats = 100
/** So many sessions begin in so much time: 5,000 of them before any node has been silent for too long. */
const greetedAtOnce = 100
const greetingMs = 100
/** Agents whose mirrors are kept whole, one of so many. */
const watchedOf = 500

export interface CrowdOptions {
  readonly cluster: Cluster
  readonly nodes: number
  /** Carries out the core's part of the run, as often as there is any: whoever measures it puts a clock around it. */
  readonly core?: (part: () => void) => void
}

/** The real core with thousands of nodes, in virtual time: what the engine would feed it, and what the agents answer. */
export class Crowd {
  readonly cluster: Cluster
  readonly agents: readonly CrowdAgent[]
  now = Date.UTC(2026, 10, 20)
  /** Deltas that agents were sent. */
  told = 0
  readonly #core: (part: () => void) => void
  readonly #random = new Random(1)
  readonly #byName: ReadonlyMap<NodeName, CrowdAgent>
  /** When the engine closes the sessions of those that it cannot hear. */
  readonly #leaving = new Map<CrowdAgent, number>()
  #ids = 0
  #wakeAt: number | undefined
  #news = false
  #beat = 0
  #nextBeatAt = this.now

  constructor({ cluster, nodes, core = part => part() }: CrowdOptions) {
    this.cluster = cluster
    this.#core = core
    this.agents = Array.from({ length: nodes }, (_, i) => new CrowdAgent(i, { isWatched: i % watchedOf === 0 }))
    this.#byName = new Map(this.agents.map(agent => [agent.name, agent]))
  }

  /** Takes the core through events, one after the other. */
  dispatch(events: readonly Event[]): void {
    this.#core(() => {
      for (const event of events) this.#took(step(this.cluster, event, this.#env(), options))
    })
  }

  /** Sends what there is to tell, and returns what the agents answer. */
  tell(): Event[] {
    let deltas: ReadonlyMap<NodeName, AssignmentDelta> = new Map()
    this.#core(() => (deltas = assignments(this.cluster)))
    this.#news = false
    this.told += deltas.size
    return [...deltas].flatMap(([node, delta]) => {
      const agent = this.#byName.get(node)
      return agent?.isConnected === true ? agent.receive(delta, this.now) : []
    })
  }

  /** Tells and answers until nobody has anything to say. */
  settle(): void {
    while (this.#news) this.dispatch(this.tell())
  }

  /** Lets time pass, with a heartbeat of each agent every three seconds; the core is woken when it asked for it. */
  pass(ms: number): void {
    const until = this.now + ms
    for (;;) {
      this.now = Math.max(this.now, Math.min(until, this.#wakeAt ?? until, this.#nextBeatAt))
      if (this.now >= this.#nextBeatAt) this.dispatch(this.#nextBeat())
      if (this.#wakeAt !== undefined && this.#wakeAt <= this.now) this.dispatch([{ kind: 'clock' }])
      this.settle()
      if (this.now >= until) return
    }
  }

  /** Sessions begin, some at a time: the agents say hello, are told everything, and say what is there. */
  connect(agents: readonly CrowdAgent[]): void {
    for (let first = 0; first < agents.length; first += greetedAtOnce) {
      const some = agents.slice(first, first + greetedAtOnce)
      for (const agent of some) {
        agent.isConnected = true
        this.#leaving.delete(agent)
      }
      this.dispatch(some.map(agent => ({ kind: 'joined', node: agent.hello(), podCIDR: agent.podCIDR })))
      this.settle()
      this.dispatch(some.flatMap(agent => agent.welcomed()))
      this.pass(greetingMs)
    }
  }

  /** Sessions end, and both ends know it. */
  end(agents: readonly CrowdAgent[]): void {
    for (const agent of agents) agent.isConnected = false
    this.dispatch(agents.map(({ name }) => ({ kind: 'left', node: name })))
  }

  /** The lines of these agents are dead, and nobody is told. */
  cut(agents: readonly CrowdAgent[]): void {
    for (const agent of agents) {
      agent.isConnected = false
      this.#leaving.set(agent, this.now + silenceMs)
    }
  }

  #nextBeat(): Event[] {
    const share = Math.ceil(this.agents.length / beats)
    const speaking = this.agents.slice(this.#beat * share, (this.#beat + 1) * share)
    this.#beat = (this.#beat + 1) % beats
    this.#nextBeatAt = this.now + heartbeatMs / beats
    const gone = [...this.#leaving].flatMap(([agent, at]) => (at <= this.now ? agent : []))
    for (const agent of gone) this.#leaving.delete(agent)
    const heard = speaking.flatMap(({ name, isConnected }) => (isConnected ? name : []))
    return [
      { kind: 'heartbeats', nodes: heard, since: this.now },
      ...gone.map(({ name }): Event => ({ kind: 'left', node: name })),
    ]
  }

  #took({ news, wakeAt }: Effects): void {
    this.#news ||= news
    this.#wakeAt = wakeAt
  }

  #env(): Env {
    const newId = (): string => `00000000-0000-4000-8000-${(++this.#ids).toString(16).padStart(12, '0')}`
    return { now: this.now, newId, random: () => this.#random.next() }
  }
}
