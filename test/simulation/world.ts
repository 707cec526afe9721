import { Random } from './random.ts'
import { Schedule } from './schedule.ts'

const start = Date.UTC(2026, 10, 20)

/** What all parts of a run share: the clock, chance, whether faults still happen, and the story of the run. */
export class World {
  readonly schedule = new Schedule(start)
  readonly random: Random
  /** Until everything heals. */
  troubled = true
  readonly #told: (() => string)[] = []
  readonly #memory: number

  /** Remembers the last `memory` things that happened. */
  constructor(seed: number, { memory }: { readonly memory: number }) {
    this.random = new Random(seed)
    this.#memory = memory
  }

  get now(): number {
    return this.schedule.now
  }

  soon(from: number, to: number, run: () => void): void {
    this.schedule.after(this.random.between(from, to), run)
  }

  /** Words cost more than what they tell of: they are made for a run that fails. */
  log(line: () => string): void {
    const { now } = this
    this.#told.push(() => `${((now - start) / 1000).toFixed(3)} ${line()}`)
    if (this.#told.length > this.#memory) this.#told.shift()
  }

  /** What happened last. */
  trace(): string[] {
    return this.#told.map(line => line())
  }
}
