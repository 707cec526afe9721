import { Simulation } from './simulation.ts'

/** `SEED=7` repeats one run with all that happened in it; `SEEDS=20000` makes as many. */
const { SEED, SEEDS } = process.env
const first = Number(SEED ?? 1)
const count = Number(SEEDS ?? (SEED === undefined ? 2_000 : 1))
/** The end of what happened before a failure; of a single run, all of it. */
const tail = count === 1 ? Number.MAX_SAFE_INTEGER : 15
/** Enough to see whether failures are alike. */
const mostFailures = 3

/** Runs every `of`th seed, from the `part`th on: parts run side by side. Returns what failed, in words. */
export function runSeeds(part: number, of: number): string {
  const failures: string[] = []
  for (let seed = first + part; seed < first + count && failures.length < mostFailures; seed += of) {
    const failure = runSeed(seed)
    if (failure !== undefined) failures.push(failure)
  }
  return failures.join('\n\n')
}

function runSeed(seed: number): string | undefined {
  const simulation = new Simulation(seed, { memory: tail })
  try {
    simulation.run()
    return undefined
  } catch (error) {
    const words = error instanceof Error ? (error.name === 'Violation' ? error.message : error.stack) : String(error)
    return [...simulation.world.trace(), words, `again: SEED=${seed} npx vitest run --project simulation`].join('\n')
  }
}
