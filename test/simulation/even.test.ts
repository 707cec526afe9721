import { expect, test } from 'vitest'
import { runSeeds } from './runs.ts'

test('runs of the core among failing agents, networks and disks: every other seed from the first', () => {
  expect(runSeeds(0, 2)).toBe('')
})
