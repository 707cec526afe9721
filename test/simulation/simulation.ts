import { Cluster } from '../../engine/cluster/cluster.ts'
import type { NodeName, Pod } from '../../engine/api/types.ts'
import { describeRef, refOf } from '../../engine/api/reference.ts'
import { Branch } from './branch.ts'
import { EngineProcess, type Step } from './engine-process.ts'
import { FakeAgent, type Said } from './fake-agent.ts'
import { checkFinalState, checkWithout, type FinalState } from './final-state.ts'
import { checkStopping, Draining } from './invariants/draining.ts'
import { checkStep } from './invariants/every-step.ts'
import { HookRuns } from './invariants/jobs.ts'
import { checkComplete, checkRecorded, checkRestored } from './invariants/record.ts'
import { checkKept, checkSingleRun } from './invariants/told.ts'
import { check, Violation } from './invariants/violation.ts'
import { type Machine, randomMachine, roomyMachine } from './machines.ts'
import { Network } from './network.ts'
import { strike } from './trouble.ts'
import { World } from './world.ts'

/** How long faults and pushes may go on; then everything heals. */
const troubledMs = [20_000, 50_000, 90_000] as const
const healingMs = 400_000
/** So long nothing may change once everything is as it should be. */
const quietMs = 10_000

/** One run of the core among agents, networks, disks and people that fail; everything in it follows from the seed. */
export class Simulation {
  readonly world: World
  readonly #agents: readonly FakeAgent[]
  readonly #engine: EngineProcess
  readonly #network: Network
  readonly #branch: Branch
  readonly #draining = new Draining()
  readonly #hookRuns = new HookRuns()
  /** What each node said of itself, the last two. */
  readonly #machines = new Map<NodeName, readonly Machine[]>()
  /** Nothing may change any more. */
  #quiet = false

  constructor(seed: number, { memory }: { readonly memory: number }) {
    this.world = new World(seed, { memory })
    const { random } = this.world
    this.#network = new Network(this.world, {
      isEngineUp: () => this.#engine.cluster !== undefined,
      dispatch: event => this.#engine.dispatch(event),
    })
    this.#branch = new Branch(this.world, event => this.#engine.dispatch(event))
    this.#engine = new EngineProcess(this.world, {
      send: (node, delta) => this.#network.send(node, delta),
      onStarted: cluster => this.#onStarted(cluster),
      onCrashed: () => this.#network.engineDied(),
      onStep: step => this.#onStep(step),
      onAssigned: (cluster, deltas) => checkKept(cluster, { deltas, agents: this.#agents }),
      onRecorded: (cluster, changes) => {
        checkRecorded(cluster, changes, this.#engine.disk.recorded)
        this.#hookRuns.check(changes)
      },
    })
    const around = {
      world: this.world,
      say: (agent: FakeAgent, said: Said) => this.#say(agent, said),
      stopping: (agent: FakeAgent, pod: Pod) => this.#onStopping(agent, pod),
    }
    this.#agents = Array.from(
      { length: random.pick([1, 2, 2, 3, 3, 4, 5]) },
      (_, i) => new FakeAgent(i + 1, { machine: randomMachine(random), around }),
    )
  }

  run(): void {
    const { world } = this
    this.#engine.start()
    for (const agent of this.#agents) world.soon(0, 2_000, () => this.#network.dial(agent))
    world.soon(0, 5_000, () => this.#branch.push())
    this.#poll()
    this.#trouble()
    world.schedule.runUntil(world.now + world.random.pick(troubledMs))
    const lost = this.#heal()
    if (lost) {
      this.#settle(state => checkWithout(lost, state))
      world.log(() => `${lost.name} comes back`)
      this.#bringBack(lost)
    }
    this.#settle(checkFinalState)
    this.#rest()
  }

  #trouble(): void {
    this.world.soon(500, 7_000, () => {
      if (!this.world.troubled) return
      const { world } = this
      strike({ world, engine: this.#engine, network: this.#network, branch: this.#branch }, this.#agents)
      checkSingleRun(this.#agents)
      this.#trouble()
    })
  }

  /** The engine looks at its source now and again. */
  #poll(): void {
    this.world.soon(200, 2_000, () => {
      if (this.#engine.cluster) this.#branch.check(this.#engine.cluster)
      if (this.world.troubled) this.#poll()
    })
  }

  /** Faults stop. One machine may stay away for longer: it is returned. */
  #heal(): FakeAgent | undefined {
    const { world } = this
    world.log(() => 'faults heal')
    world.troubled = false
    const lost = world.random.chance(0.35) ? this.#agents[1] : undefined
    if (lost) this.#network.cut(lost)
    this.#engine.start()
    for (const agent of this.#agents) {
      // Whatever the others are, there is room for everything.
      if (agent === this.#agents[0]) this.#makeRoom(agent)
      if (agent !== lost) this.#bringBack(agent)
    }
    this.#branch.mend()
    return lost
  }

  #makeRoom(agent: FakeAgent): void {
    agent.machine = roomyMachine
    agent.welcomed()
  }

  #bringBack(agent: FakeAgent): void {
    this.#network.mend(agent)
    agent.start()
    this.#network.dial(agent)
  }

  /** Runs on until everything is as it should be, and says what is not if that takes too long. */
  #settle(isSettled: (state: FinalState) => void): void {
    const deadline = this.world.now + healingMs
    for (;;) {
      const { cluster } = this.#engine
      if (!cluster) throw new Violation('the engine is dead')
      this.#branch.check(cluster)
      this.world.schedule.runUntil(this.world.now + 5_000)
      try {
        isSettled({ cluster, agents: this.#agents, commit: this.#branch.head })
        return
      } catch (error) {
        if (this.world.now >= deadline || !(error instanceof Violation)) throw error
        this.#branch.retry()
      }
    }
  }

  /** What is as it should be stays so, and costs no commit. */
  #rest(): void {
    const { cluster, disk } = this.#engine
    this.world.schedule.runUntil(this.world.now + 2_500)
    if (cluster) checkComplete(cluster, disk.recorded)
    this.#quiet = true
    this.world.schedule.runUntil(this.world.now + quietMs)
  }

  // ---- what happens ----

  #onStarted(cluster: Cluster): void {
    checkRestored(cluster, this.#engine.disk.recorded)
    this.#draining.begin(cluster, this.world.now)
    this.#branch.begin(cluster)
    this.#engine.dispatch({ kind: 'clock' })
    this.#branch.check(cluster)
  }

  #onStep(step: Step): void {
    const { event } = step
    if (event.kind === 'joined' || event.kind === 'node') this.#noteMachine(event.node.name)
    const machines = (node: NodeName) => this.#machines.get(node) ?? []
    checkStep(step, { branch: this.#branch, machines })
    this.#draining.check(step)
    if (this.#quiet) {
      const change = step.record.find(({ ref }) => ref.kind !== 'Event')
      check(!change, () => `${change?.ref.kind} ${change?.ref.key} changes though nothing happens`)
    }
  }

  #noteMachine(name: NodeName): void {
    const machine = this.#agents.find(agent => agent.name === name)?.machine
    const known = this.#machines.get(name) ?? []
    if (machine && known[0] !== machine) this.#machines.set(name, [machine, ...known].slice(0, 2))
  }

  #say(agent: FakeAgent, said: Said): void {
    this.#network.say(agent, said)
  }

  #onStopping(agent: FakeAgent, pod: Pod): void {
    const told = agent.mirror.get(describeRef(refOf(pod))) as Pod | undefined
    // Its object is gone, or it is stopped because nobody asks for it any more.
    if (told?.metadata.deletionTimestamp === undefined) return
    const agents = this.#agents.filter(each => each.alive && this.#network.isConnected(each))
    checkStopping(told, { now: this.world.now, agents })
  }
}
