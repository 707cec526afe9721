import { expect, test } from 'vitest'
import { runSeeds } from './runs.ts'

// A file of its own: vitest gives it a core of its own.
test('runs of the core among failing agents, networks and disks: every other seed from the second', () => {
  expect(runSeeds(1, 2)).toBe('')
})
