import { describeRef } from '../../engine/api/reference.ts'
import type { KubeObject, NodeName } from '../../engine/api/types.ts'
import type { ObjectChange } from '../../engine/cluster/view.ts'
import type { Effects } from '../../engine/core/event.ts'
import type { AssignmentDelta } from '../../engine/protocol/session.ts'
import { readYaml } from '../../engine/record/read-yaml.ts'
import { serialize } from '../../engine/record/recordable.ts'
import type { World } from './world.ts'

/** resourceVersions that a restart passes over, as the engine reserves them in blocks. */
const reserved = 1_000_000

export interface DiskHandlers {
  /** What agents are to hear of all that was pushed so far: called before that is recorded. */
  assignments(): ReadonlyMap<NodeName, AssignmentDelta>
  send(node: NodeName, delta: AssignmentDelta): void
  /** Everything that the engine decided until now is recorded; `changes` came with this commit. */
  onRecorded(changes: readonly ObjectChange[]): void
}

/** The record and the way to it: what waits is recorded in one commit, which takes its time and may fail. */
export class Disk {
  /** What is durable, by reference. */
  readonly recorded = new Map<string, KubeObject>()
  #version = 0
  /** What waits to be recorded and sent, in order. */
  #queue: Effects[] = []
  /** Carried out, and not in the record yet: changes of status. */
  #unrecorded: ObjectChange[] = []
  #writing = false
  #statusWaits = false
  /** Counts the engine's starts: what an earlier one had begun to write is lost. */
  #life = 0
  #fullUntil = 0
  readonly #world: World
  readonly #handlers: DiskHandlers

  constructor(world: World, handlers: DiskHandlers) {
    this.#world = world
    this.#handlers = handlers
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** The first resourceVersion of the next start. */
  get startVersion(): number {
    return this.#version + reserved
  }

  /** What an engine reads that starts now. */
  read(): KubeObject[] {
    return [...this.recorded.values()].map(object => readYaml(serialize(object, { digest })) as KubeObject)
  }

  push(effects: Effects): void {
    if (effects.record.length === 0 && !effects.news) return
    this.#queue.push(effects)
    this.#flush()
  }

  /** The engine died: what was not recorded is lost. */
  drop(): void {
    this.#life += 1
    this.#queue = []
    this.#unrecorded = []
    this.#writing = false
    this.#statusWaits = false
  }

  /** For a while nothing can be written. */
  fill(): void {
    this.#fullUntil = this.#world.now + this.#world.random.between(500, 12_000)
  }

  #flush(): void {
    if (this.#writing || this.#queue.length === 0) return
    this.#writing = true
    const { random, now, troubled } = this.#world
    const fails = troubled && (now < this.#fullUntil || random.chance(0.02))
    this.#later(1, fails ? 3_000 : 40, () => {
      this.#writing = false
      if (!fails) this.#commit()
      this.#flush()
    })
  }

  #commit(): void {
    const batch = this.#queue
    this.#queue = []
    const changes = batch.flatMap(({ record }) => record)
    const deltas = batch.some(({ news }) => news) ? this.#handlers.assignments() : []
    this.#unrecorded.push(...changes)
    this.#version = changes.at(-1)?.resourceVersion ?? this.#version
    if (changes.some(({ decided }) => decided)) this.#record()
    else if (changes.length > 0) this.#recordLater()
    for (const [node, delta] of deltas) this.#handlers.send(node, delta)
  }

  #record(): void {
    const changes = this.#unrecorded
    this.#unrecorded = []
    for (const { ref, after } of changes) {
      if (ref.kind === 'Event') continue
      if (after) this.recorded.set(describeRef(ref), after)
      else this.recorded.delete(describeRef(ref))
    }
    if (this.#queue.length === 0) this.#handlers.onRecorded(changes)
  }

  /** Status waits for a commit with a decision in it, or for one of its own; a crash loses it. */
  #recordLater(): void {
    if (this.#statusWaits) return
    this.#statusWaits = true
    this.#later(1_000, this.#world.troubled && this.#world.random.chance(0.1) ? 8_000 : 1_000, () => {
      this.#statusWaits = false
      this.#record()
    })
  }

  #later(from: number, to: number, run: () => void): void {
    const life = this.#life
    this.#world.soon(from, to, () => {
      if (this.#life === life) run()
    })
  }
}

/** There are no Secrets here. */
function digest(): string {
  throw new Error('a secret value was to be recorded')
}
