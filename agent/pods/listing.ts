import type { Runtime, SandboxState } from '../runtime/runtime.ts'

export interface ListingOptions {
  readonly runtime: Runtime
  /** `begunAt` counts listings: what changed since then may be missing from this one. */
  onList(sandboxes: readonly SandboxState[]): void
  onError(error: unknown): void
  onBegin(): void
}

/** A slow relist finds what no event told of. */
const safetyNetMs = 45_000
const retryMs = 2_000

/** Lists what a runtime holds whenever asked: one listing at a time, and one more for whoever asked meanwhile. */
export class Listing {
  readonly #options: ListingOptions
  #timer: NodeJS.Timeout | undefined
  #underWay = false
  #askedAgain = false
  #closed = false

  constructor(options: ListingOptions) {
    this.#options = options
  }

  /** After `delayMs`, or sooner if one falls due sooner. */
  ask(delayMs = 0): Promise<void> {
    if (delayMs > 0) this.#schedule(delayMs)
    else if (this.#underWay) this.#askedAgain = true
    else return this.#list()
    return Promise.resolve()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #list(): Promise<void> {
    if (this.#closed) return
    this.#underWay = true
    this.#askedAgain = false
    let next = safetyNetMs
    try {
      this.#options.onBegin()
      const sandboxes = await this.#options.runtime.list()
      if (!this.#closed) this.#options.onList(sandboxes)
    } catch (error) {
      next = retryMs
      if (!this.#closed) this.#options.onError(error)
    }
    this.#underWay = false
    if (this.#closed) return
    if (this.#askedAgain) void this.#list()
    else this.#schedule(next)
  }

  #dueAt = Infinity

  #schedule(delayMs: number): void {
    const dueAt = performance.now() + delayMs
    if (this.#timer && this.#dueAt <= dueAt) return
    clearTimeout(this.#timer)
    this.#dueAt = dueAt
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.ask()
    }, delayMs)
  }
}
