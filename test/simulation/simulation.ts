import { describeRef, refOf } from '../../engine/api/reference.ts'
import { type ClusterSettings, defaultSettings } from '../../engine/api/settings.ts'
import type { KubeObject, Pod } from '../../engine/api/types.ts'
import { Cluster } from '../../engine/cluster/cluster.ts'
import type { Env, ObjectChange } from '../../engine/cluster/view.ts'
import type { Effects, Event } from '../../engine/core/event.ts'
import { type CoreOptions, step } from '../../engine/core/step.ts'
import { type Apps, changedApps, manifestsOf, mendedApps, randomApp } from './apps.ts'
import { checkFinalState } from './final-state.ts'
import { FakeAgent, type Said } from './fake-agent.ts'
import { checkKept, checkRecorded, checkSingleRun, checkStep, Violation } from './invariants.ts'
import { Random } from './random.ts'
import { Schedule } from './schedule.ts'
import { describeChange, describeEvent } from './words.ts'

const start = Date.UTC(2026, 10, 20)
const options: CoreOptions = {
  clusterName: 'sim',
  // Barely enough, so that Services meet.
  serviceCIDR: '10.96.0.0/29',
  nodePorts: { from: 30000, to: 30004 },
}
/** Nodes are given up while faults go on, and come back. */
const settings: ClusterSettings = {
  ...defaultSettings,
  spec: { ...defaultSettings.spec, nodes: { ...defaultSettings.spec.nodes, unreachableTolerationSeconds: 15 } },
}
/** How long faults and pushes go on; then everything heals. */
const troubledMs = 90_000
const healingMs = 400_000
/** resourceVersions that a restart passes over, as the engine reserves them in blocks. */
const reserved = 1_000_000

interface Session {
  readonly agent: FakeAgent
  /** Messages wait, in order, while the line is cut. */
  cut: boolean
  /** The agent was told everything; until then its proxy serves what it last heard in an earlier session. */
  told: boolean
  readonly held: (() => void)[]
  toEngineAt: number
  toAgentAt: number
}

/** One run of the core among agents, networks and disks that fail; everything in it follows from the seed. */
export class Simulation {
  readonly schedule = new Schedule(start)
  readonly random: Random
  readonly agents: readonly FakeAgent[]
  readonly #trace: (() => string)[] = []
  cluster: Cluster | undefined
  #recorded = new Map<string, KubeObject>()
  #recordedVersion = 0
  #apps: Apps
  #commits = 0
  #ids = 0
  #troubled = true
  /** What waits to be recorded and sent, in order. */
  #outbox: Effects[] = []
  /** Carried out, and not in the record yet: changes of status. */
  #unrecorded: ObjectChange[] = []
  #recording = false
  #wakeAt: number | undefined
  readonly #sessions = new Map<string, Session>()

  constructor(seed: number) {
    this.random = new Random(seed)
    const world = {
      schedule: this.schedule,
      random: this.random,
      say: (agent: FakeAgent, said: Said) => this.#say(agent, said),
      stopping: (agent: FakeAgent, pod: Pod) => this.#checkStopping(agent, pod),
    }
    this.agents = Array.from({ length: this.random.between(1, 5) }, (_, i) => new FakeAgent(i + 1, world))
    this.#apps = new Map(['ada', 'bob'].map(name => [name, randomApp(name, this.random)]))
  }

  run(): void {
    this.#startEngine()
    for (const agent of this.agents) this.#soon(0, 2_000, () => this.#dial(agent))
    this.#soon(0, 5_000, () => this.#push())
    this.#trouble()
    this.schedule.runUntil(start + troubledMs)
    this.#heal()
    this.#settle()
  }

  /** Runs on until everything is as it should be, and says what is not if that takes too long. */
  #settle(): void {
    const deadline = this.schedule.now + healingMs
    for (;;) {
      this.schedule.runUntil(this.schedule.now + 20_000)
      try {
        checkFinalState({ cluster: this.cluster, recorded: this.#recorded, agents: this.agents, apps: this.#apps })
        return
      } catch (error) {
        if (this.schedule.now >= deadline) throw error
      }
    }
  }

  // ---- the engine ----

  #startEngine(): void {
    if (this.cluster) return
    this.#log(() => 'engine starts')
    const cluster = new Cluster({ startVersion: this.#recordedVersion })
    cluster.restore(structuredClone([...this.#recorded.values()]), {
      resourceVersion: this.#recordedVersion + reserved,
    })
    this.cluster = cluster
    this.#outbox = []
    this.#unrecorded = []
    this.#recording = false
    this.#wakeAt = undefined
    this.#dispatch({ kind: 'clock' })
    if (this.#commits > 0) this.#deliverRevision()
  }

  #crashEngine(): void {
    if (!this.cluster) return
    const { length } = this.#outbox
    this.#log(() => `engine crashes with ${length} effects to carry out`)
    this.cluster = undefined
    this.#outbox = []
    for (const agent of this.agents) this.#dropSession(agent)
    this.#soon(10, 8_000, () => this.#startEngine())
  }

  #env(): Env {
    return {
      now: this.schedule.now,
      newId: () => `uid-${++this.#ids}`,
      random: () => this.random.next(),
    }
  }

  #dispatch(event: Event): void {
    const { cluster } = this
    if (!cluster) return
    const effects = step(cluster, event, this.#env(), options)
    this.#log(() => `${describeEvent(event)}: ${effects.record.map(describeChange).join(' ')}`)
    checkStep(cluster, { event, record: effects.record, now: this.schedule.now })
    for (const [node, delta] of effects.send) if (delta.full) checkKept(cluster, delta, { node, agents: this.agents })
    this.#outbox.push(effects)
    this.#record()
    this.#wakeAfter(effects.wakeAt)
  }

  #wakeAfter(at: number | undefined): void {
    this.#wakeAt = at
    if (at === undefined) return
    const { cluster } = this
    this.schedule.after(at - this.schedule.now, () => {
      // Overtaken by a later step, or by the engine's death.
      if (this.#wakeAt === at && this.cluster === cluster) this.#dispatch({ kind: 'clock' })
    })
  }

  /** Records what waits in one commit, which takes its time and may fail; only then is anything sent. */
  #record(): void {
    if (this.#recording || this.#outbox.length === 0) return
    this.#recording = true
    const { cluster } = this
    const fails = this.#troubled && this.random.chance(0.02)
    this.#soon(1, fails ? 3_000 : 40, () => {
      if (this.cluster !== cluster) return
      this.#recording = false
      if (!fails) this.#commit()
      this.#record()
    })
  }

  #commit(): void {
    const batch = this.#outbox
    this.#outbox = []
    const changes = batch.flatMap(({ record }) => record)
    this.#unrecorded.push(...changes)
    this.#recordedVersion = changes.at(-1)?.resourceVersion ?? this.#recordedVersion
    if (changes.some(({ decided }) => decided)) this.#recordAll()
    else if (changes.length > 0) this.#recordLater()
    for (const { send } of batch) {
      for (const [node, delta] of send) this.#toAgent(node, agent => agent.receive(delta))
    }
  }

  #recordAll(): void {
    for (const { ref, after } of this.#unrecorded) {
      if (ref.kind === 'Event') continue
      if (after) this.#recorded.set(describeRef(ref), after)
      else this.#recorded.delete(describeRef(ref))
    }
    this.#unrecorded = []
    if (this.cluster && this.#outbox.length === 0) checkRecorded(this.cluster, this.#recorded)
  }

  /** Status waits for a commit with a decision in it, or for one of its own; a crash loses it. */
  #recordLater(): void {
    const { cluster } = this
    this.#soon(1_000, this.random.chance(0.1) ? 8_000 : 1_000, () => {
      if (this.cluster === cluster) this.#recordAll()
    })
  }

  #push(): void {
    this.#commits += 1
    if (this.#commits > 1) this.#apps = changedApps(this.#apps, this.random)
    this.#deliverRevision()
  }

  #deliverRevision(): void {
    const commit = `c${this.#commits}`
    this.#dispatch({
      kind: 'revision',
      revision: { commit, tree: commit, subject: 'change', author: 'sim', committedAt: 0 },
      manifests: manifestsOf(this.#apps),
      settings,
      problems: [],
    })
  }

  // ---- the network ----

  #dial(agent: FakeAgent): void {
    if (!agent.alive || this.#sessions.has(agent.name)) return
    if (!this.cluster) {
      this.#soon(500, 3_000, () => this.#dial(agent))
      return
    }
    const now = this.schedule.now
    this.#sessions.set(agent.name, { agent, cut: false, told: false, held: [], toEngineAt: now, toAgentAt: now })
    this.#dispatch({ kind: 'joined', node: agent.report, podCIDR: `10.244.${agent.name.slice(5)}.0/24` })
    this.#beat(agent, this.#sessions.get(agent.name))
  }

  #beat(agent: FakeAgent, session: Session | undefined): void {
    this.schedule.after(2_000, () => {
      if (!session || this.#sessions.get(agent.name) !== session) return
      this.#say(agent, { kind: 'heartbeat' })
      this.#beat(agent, session)
    })
  }

  #dropSession(agent: FakeAgent): void {
    if (!this.#sessions.delete(agent.name)) return
    this.#dispatch({ kind: 'left', node: agent.name })
    if (agent.alive) this.#soon(100, 5_000, () => this.#dial(agent))
  }

  #say(agent: FakeAgent, said: Said): void {
    const session = this.#sessions.get(agent.name)
    if (!session || !agent.alive) return
    const deliver = () => this.#dispatch({ ...said, node: agent.name })
    session.toEngineAt = this.#deliver(session, session.toEngineAt, deliver)
    if (this.#troubled && said.kind === 'report' && this.random.chance(0.05)) {
      session.toEngineAt = this.#deliver(session, session.toEngineAt, deliver)
    }
  }

  #toAgent(node: string, run: (agent: FakeAgent) => void): void {
    const session = this.#sessions.get(node)
    if (!session) return
    session.toAgentAt = this.#deliver(session, session.toAgentAt, () => {
      if (!session.agent.alive) return
      session.told = true
      run(session.agent)
    })
  }

  /** Carries one message, after those before it, unless the session ends first. Returns when it will be there. */
  #deliver(session: Session, notBefore: number, run: () => void): number {
    const at = Math.max(notBefore, this.schedule.now + this.random.between(1, this.random.chance(0.05) ? 1_500 : 30))
    this.schedule.after(at - this.schedule.now, () => {
      if (this.#sessions.get(session.agent.name) !== session) return
      if (session.cut) session.held.push(run)
      else run()
    })
    return at
  }

  // ---- trouble ----

  #trouble(): void {
    this.#soon(500, 9_000, () => {
      if (!this.#troubled) return
      this.#strike()
      checkSingleRun(this.agents)
      this.#trouble()
    })
  }

  #strike(): void {
    const agent = this.random.pick(this.agents)
    if (!agent) return
    const kind = this.random.pick([
      'push',
      'push',
      'crash',
      'agent',
      'reboot',
      'drop',
      'cut',
      'flip',
      'flip',
      'source',
      'refused',
    ])
    this.#log(() => `strikes: ${kind} ${agent.name}`)
    switch (kind) {
      case 'push':
        this.#push()
        return
      case 'crash':
        this.#crashEngine()
        return
      case 'agent':
        this.#killAgent(agent)
        return
      case 'reboot':
        this.#killAgent(agent)
        agent.reboot()
        return
      case 'drop':
        this.#dropSession(agent)
        return
      case 'cut':
        this.#cut(agent)
        return
      case 'flip':
        agent.flip()
        return
      case 'source':
        this.#dispatch({ kind: 'source', message: 'the remote answers 500' })
        return
      case 'refused': {
        const revision = { commit: 'bad', tree: 'bad', subject: 'bad', author: 'sim', committedAt: 0 }
        this.#dispatch({ kind: 'refused', revision, verdict: 'rejected', problems: [] })
      }
    }
  }

  #killAgent(agent: FakeAgent): void {
    agent.alive = false
    this.#dropSession(agent)
    this.#soon(500, this.random.chance(0.2) ? 70_000 : 6_000, () => {
      agent.alive = true
      this.#dial(agent)
    })
  }

  /** The line is dead and nobody is told: what was said arrives late, or the session ends first. */
  #cut(agent: FakeAgent): void {
    const session = this.#sessions.get(agent.name)
    if (!session) return
    session.cut = true
    this.#soon(1_000, 50_000, () => {
      session.cut = false
      if (this.#sessions.get(agent.name) !== session) return
      if (this.random.chance(0.5)) this.#dropSession(agent)
      else for (const run of session.held.splice(0)) run()
    })
  }

  #heal(): void {
    this.#log(() => 'faults heal')
    this.#troubled = false
    this.#startEngine()
    for (const session of this.#sessions.values()) {
      session.cut = false
      for (const run of session.held.splice(0)) run()
    }
    for (const agent of this.agents) {
      agent.alive = true
      this.#dial(agent)
    }
    this.#commits += 1
    this.#apps = mendedApps(this.#apps)
    this.#deliverRevision()
  }

  // ---- what must hold ----

  /** No proxy that is connected sends new connections to a pod that is being stopped, or two seconds passed. */
  #checkStopping(stopper: FakeAgent, pod: Pod): void {
    const told = stopper.mirror.get(describeRef(refOf(pod)))
    // Its object is gone, or it is stopped because nobody asks for it any more.
    if (!told?.metadata.deletionTimestamp) return
    const grace = told.metadata.deletionGracePeriodSeconds ?? 0
    const since = Date.parse(told.metadata.deletionTimestamp) - grace * 1_000
    if (this.schedule.now - since >= 2_000) return
    for (const agent of this.agents) {
      const session = this.#sessions.get(agent.name)
      if (!session?.told || session.cut || !agent.alive) continue
      const sends = agent
        .endpoints()
        .some(slice =>
          slice.endpoints.some(({ targetRef, conditions }) => conditions.ready && targetRef?.uid === pod.metadata.uid),
        )
      if (sends) throw new Violation(`${pod.metadata.name} is stopped while ${agent.name} still sends it traffic`)
    }
  }

  #soon(from: number, to: number, run: () => void): void {
    this.schedule.after(this.random.between(from, to), run)
  }

  /** What happened, the last `count` of it. */
  trace(count: number): string[] {
    return this.#trace.slice(-count).map(line => line())
  }

  /** Words cost more than what they tell of: they are made for a run that fails. */
  #log(line: () => string): void {
    const { now } = this.schedule
    this.#trace.push(() => `${((now - start) / 1000).toFixed(3)} ${line()}`)
  }
}
