import { expect, test } from 'vitest'
import { Simulation } from './simulation.ts'

const first = Number(process.env['SEED'] ?? 1)
const count = Number(process.env['SEEDS'] ?? (process.env['SEED'] === undefined ? 300 : 1))
/** The end of what happened before a failure; of a single run, all of it. */
const tail = count === 1 ? Number.POSITIVE_INFINITY : 15

test(`${count} runs of the core among failing agents, networks and disks, from seed ${first}`, () => {
  const failures: string[] = []
  for (let seed = first; seed < first + count && failures.length < 3; seed++) {
    const simulation = new Simulation(seed)
    try {
      simulation.run()
    } catch (error) {
      const words = error instanceof Error ? (error.name === 'Violation' ? error.message : error.stack) : String(error)
      failures.push(
        [...simulation.trace.slice(-tail), words, `again: SEED=${seed} npx vitest run --project simulation`].join('\n'),
      )
    }
  }
  expect(failures.join('\n\n')).toBe('')
})
