import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { type LastShort, measure, type Measure, pressureConditions } from './pressure.ts'

const mebi = 1024 ** 2
const enough: Measure = {
  memoryAvailable: 1024 * mebi,
  disk: { free: 50, of: 100 },
  inodes: { free: 50, of: 100 },
  threads: { free: 30_000, of: 32_768 },
}
const minute = 60_000

interface Case {
  readonly name: string
  readonly measure?: Partial<Measure>
  readonly before?: LastShort
  /** The conditions that are True. */
  readonly short: readonly string[]
  readonly lastShort: LastShort
}

test.each<Case>([
  { name: 'enough of everything', short: [], lastShort: {} },
  { name: 'just enough memory', measure: { memoryAvailable: 100 * mebi }, short: [], lastShort: {} },
  {
    name: 'too little memory',
    measure: { memoryAvailable: 99 * mebi },
    short: ['MemoryPressure'],
    lastShort: { MemoryPressure: 100 * minute },
  },
  {
    name: 'too little of the disk',
    measure: { disk: { free: 9, of: 100 } },
    short: ['DiskPressure'],
    lastShort: { DiskPressure: 100 * minute },
  },
  {
    name: 'too few inodes',
    measure: { inodes: { free: 4, of: 100 } },
    short: ['DiskPressure'],
    lastShort: { DiskPressure: 100 * minute },
  },
  { name: 'a filesystem without inodes', measure: { inodes: { free: 0, of: 0 } }, short: [], lastShort: {} },
  {
    name: 'too few threads',
    measure: { threads: { free: 3000, of: 32_768 } },
    short: ['PIDPressure'],
    lastShort: { PIDPressure: 100 * minute },
  },
  {
    name: 'short a while ago',
    before: { MemoryPressure: 96 * minute, DiskPressure: 95 * minute },
    short: ['MemoryPressure'],
    lastShort: { MemoryPressure: 96 * minute },
  },
])('$name', ({ measure: measured, before = {}, short, lastShort }) => {
  const result = pressureConditions({ ...enough, ...measured }, { before, now: 100 * minute })
  expect(result.conditions.map(({ type }) => type)).toEqual(['MemoryPressure', 'DiskPressure', 'PIDPressure'])
  expect(result.conditions.filter(({ status }) => status === 'True').map(({ type }) => type)).toEqual(short)
  expect(result.lastShort).toEqual(lastShort)
})

test('a machine says what it has', () => {
  const { memoryAvailable, disk, threads } = measure(tmpdir())
  expect(memoryAvailable).toBeGreaterThan(mebi)
  expect(disk.free).toBeLessThanOrEqual(disk.of)
  expect(threads.of).toBeGreaterThan(1000)
  expect(threads.free).toBeGreaterThan(0)
})
