import type { Origin } from '../../api/problem.ts'
import { RenderFailure } from '../failure.ts'

const mostSteps = 300_000
const mostCharacters = 16 << 20
const deepest = 100

/** What all templates of a release may take together. The clock and the memory are the worker's to watch. */
export class Budget {
  #steps = 0
  #characters = 0
  #depth = 0

  /** One more statement or expression. */
  step(origin: Origin): void {
    this.#steps += 1
    if (this.#steps <= mostSteps) return
    throw new RenderFailure(`the chart takes more than ${mostSteps} steps to render`, {
      origin,
      remedy: 'loop over less, or split the chart',
    })
  }

  /** So many characters more, made on the way or for good. */
  text(characters: number, origin: Origin): void {
    this.#characters += characters
    if (this.#characters <= mostCharacters) return
    throw new RenderFailure(`the chart makes more than ${mostCharacters >> 20} MiB of text`, {
      origin,
      remedy: 'loop over less, or split the chart',
    })
  }

  /** Runs a block, a partial or an expression that stands inside others. */
  inside<Result>(origin: Origin, run: () => Result): Result {
    if (this.#depth >= deepest) {
      throw new RenderFailure(`blocks and partials stand more than ${deepest} deep in one another`, {
        origin,
        remedy: 'look for a partial that includes itself',
      })
    }
    this.#depth += 1
    try {
      return run()
    } finally {
      this.#depth -= 1
    }
  }
}
