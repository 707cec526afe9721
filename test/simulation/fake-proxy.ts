import type { EndpointSlice, Uid } from '../../engine/api/types.ts'
import type { World } from './world.ts'

/** What a proxy is to serve, and what that amounts to. */
export interface Table {
  readonly slices: readonly EndpointSlice[]
  readonly resourceVersion: number
}

/** A node's proxy: a process of its own, which serves on while the agent is dead and takes its time to take a table. */
export class FakeProxy {
  #serving: ReadonlySet<Uid> = new Set()
  #stuck = false
  /** What is shown next; more that comes until then shares a table with it. */
  #next: (() => Table | undefined) | undefined
  /** What it could not take, until it takes that or a later one. */
  #missed: Table | undefined
  readonly #world: World
  readonly #onServed: (resourceVersion: number) => void

  constructor(world: World, onServed: (resourceVersion: number) => void) {
    this.#world = world
    this.#onServed = onServed
  }

  /** The table as it is when the proxy takes it; undefined: whoever offered it is gone. */
  show(next: () => Table | undefined): void {
    const shares = this.#next !== undefined
    this.#next = next
    if (!shares) this.#world.soon(1, 40, () => this.#take())
  }

  #take(): void {
    const table = this.#next?.()
    this.#next = undefined
    if (!table) return
    if (this.#stuck) {
      this.#missed = table
      // It is tried again, and nobody says when that works: the next table's word counts for this one too.
      this.#world.soon(1_000, 6_000, () => {
        if (this.#missed === table) this.serve(table.slices)
      })
      return
    }
    this.serve(table.slices)
    if (table.resourceVersion > 0) this.#onServed(table.resourceVersion)
  }

  serve(slices: readonly EndpointSlice[]): void {
    this.#missed = undefined
    this.#serving = new Set(
      slices.flatMap(({ endpoints }) =>
        endpoints.flatMap(({ conditions, targetRef }) => (conditions.ready ? (targetRef?.uid ?? []) : [])),
      ),
    )
  }

  /** For a while it takes no table. */
  stick(): void {
    this.#stuck = true
    this.#world.soon(500, 10_000, () => (this.#stuck = false))
  }

  sendsTo(uid: Uid): boolean {
    return this.#serving.has(uid)
  }
}
