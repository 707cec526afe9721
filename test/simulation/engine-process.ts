import type { NodeName } from '../../engine/api/types.ts'
import { Cluster } from '../../engine/cluster/cluster.ts'
import type { Env, ObjectChange } from '../../engine/cluster/view.ts'
import type { Event } from '../../engine/core/event.ts'
import { assignments, type CoreOptions, step } from '../../engine/core/step.ts'
import type { AssignmentDelta } from '../../engine/protocol/session.ts'
import { Disk } from './disk.ts'
import { check } from './invariants/violation.ts'
import { describeChange, describeEvent } from './words.ts'
import type { World } from './world.ts'

const options: CoreOptions = {
  clusterName: 'sim',
  // Barely enough, so that Services meet.
  serviceCIDR: '10.96.0.0/29',
  nodePorts: { from: 30000, to: 30004 },
}

/** One step of the core, done. */
export interface Step {
  readonly cluster: Cluster
  readonly event: Event
  readonly record: readonly ObjectChange[]
  readonly now: number
}

export interface EngineHandlers {
  onStarted(cluster: Cluster): void
  onCrashed(): void
  onStep(step: Step): void
  onAssigned(cluster: Cluster, deltas: ReadonlyMap<NodeName, AssignmentDelta>): void
  onRecorded(cluster: Cluster, changes: readonly ObjectChange[]): void
  send(node: NodeName, delta: AssignmentDelta): void
}

/** The real core in a process that dies at any moment, even between record and act. */
export class EngineProcess {
  cluster: Cluster | undefined
  readonly disk: Disk
  #ids = 0
  #wakeAt: number | undefined
  readonly #world: World
  readonly #handlers: EngineHandlers

  constructor(world: World, handlers: EngineHandlers) {
    this.#world = world
    this.#handlers = handlers
    this.disk = new Disk(world, {
      assignments: () => {
        if (!this.cluster) return new Map()
        const deltas = assignments(this.cluster)
        handlers.onAssigned(this.cluster, deltas)
        return deltas
      },
      send: handlers.send,
      onRecorded: changes => {
        if (this.cluster) handlers.onRecorded(this.cluster, changes)
      },
    })
  }

  start(): void {
    if (this.cluster) return
    this.#world.log(() => 'engine starts')
    const { startVersion } = this.disk
    const cluster = new Cluster({ startVersion })
    cluster.restore(this.disk.read(), { resourceVersion: startVersion })
    this.cluster = cluster
    this.#wakeAt = undefined
    this.#handlers.onStarted(cluster)
  }

  crash(): void {
    if (!this.cluster) return
    const { waiting } = this.disk
    this.#world.log(() => `engine crashes with ${waiting} effects to carry out`)
    this.cluster = undefined
    this.disk.drop()
    this.#handlers.onCrashed()
    this.#world.soon(10, 8_000, () => this.start())
  }

  dispatch(event: Event): void {
    const { cluster } = this
    if (!cluster) return
    const { now, random } = this.#world
    const env: Env = { now, newId: () => `uid-${++this.#ids}`, random: () => random.next() }
    const effects = step(cluster, event, env, options)
    const { record, wakeAt } = effects
    this.#world.log(() => `${describeEvent(event)}: ${record.map(describeChange).join(' ')}`)
    check(event.kind !== 'clock' || wakeAt === undefined || wakeAt > now, () => 'the core wakes without end')
    this.#handlers.onStep({ cluster, event, record, now })
    this.disk.push(effects)
    this.#wakeAfter(wakeAt)
  }

  #wakeAfter(at: number | undefined): void {
    // The timer that is set already will do.
    if (this.#wakeAt === at) return
    this.#wakeAt = at
    if (at === undefined) return
    const { cluster } = this
    this.#world.schedule.after(at - this.#world.now, () => {
      // Overtaken by a later step, or by the engine's death.
      if (this.#wakeAt !== at || this.cluster !== cluster) return
      this.#wakeAt = undefined
      this.dispatch({ kind: 'clock' })
    })
  }
}
