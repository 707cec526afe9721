import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const remote = 'test/e2e/remote-*.test.ts'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // One after the other: the simulation wants every core, and end-to-end tests the machine's network.
          sequence: { groupOrder: 0 },
          include: ['engine/**/*.test.ts', 'agent/**/*.test.ts', 'machine/**/*.test.ts', 'scripts/**/*.test.ts'],
          // Most wait for processes and the disk; by itself vitest takes one of two cores.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'simulation',
          sequence: { groupOrder: 1 },
          include: ['test/simulation/**/*.test.ts'],
          // One for each half of the seeds.
          maxWorkers: 2,
          // Most of what a run makes is short-lived.
          execArgv: ['--max-semi-space-size=32'],
          testTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'e2e',
          sequence: { groupOrder: 2 },
          include: ['test/e2e/**/*.test.ts', 'test/lab/**/*.test.ts'],
          exclude: [remote],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'remote',
          // Clusters of an ordinary user, which have nothing in common, and mostly wait for the next look at their remote.
          sequence: { groupOrder: 3 },
          include: [remote],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
        },
      },
    ],
  },
})
