import { afterEach, expect, test } from 'vitest'
import type { NodeReport } from '../engine/protocol/session.ts'
import { type NodeState, type NodeWatch, watchNode } from './node-watch.ts'
import type { Measure } from './pressure.ts'

const plenty = { free: 50, of: 100 }
const enough: Measure = { memoryAvailable: 2 ** 30, disk: plenty, inodes: plenty, threads: plenty }
let watch: NodeWatch | undefined
afterEach(() => watch?.close())

/** A watch of a machine that the test changes; what it tells, in short. */
function watched(machine: { measure: Measure; images: NodeState['images'] | Error }) {
  const changes: string[] = []
  const short = ({ status }: NodeReport): string =>
    [
      ...(status.conditions ?? []).flatMap(({ type, status: is }) => (is === 'True' ? type : [])),
      ...(status.images ?? []).flatMap(({ names }) => names),
    ].join(' ')
  watch = watchNode({
    measure: () => machine.measure,
    images: () => (machine.images instanceof Error ? Promise.reject(machine.images) : Promise.resolve(machine.images)),
    describe: state => ({ name: 'a', labels: {}, taints: [], status: state }),
    onChange: node => void changes.push(short(node)),
    now: () => 0,
  })
  return { watch, changes, report: () => short(watch?.report() ?? { name: '', labels: {}, taints: [], status: {} }) }
}

async function looks(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await watch?.look()
}

test('what stays is told once, what changes at the next look', async () => {
  const machine = { measure: enough, images: [] as NodeState['images'] }
  const { changes, report } = watched(machine)
  await looks(1)
  expect(report()).toBe('')
  await looks(10)
  expect(changes).toEqual([])
  machine.measure = { ...enough, memoryAvailable: 1 }
  await looks(2)
  expect(changes).toEqual(['MemoryPressure'])
})

test('images are asked for now and then; a runtime that does not answer has those that it had', async () => {
  const machine: { measure: Measure; images: NodeState['images'] | Error } = { measure: enough, images: [] }
  const { changes, report } = watched(machine)
  await looks(1)
  expect(report()).toBe('')
  machine.images = [{ names: ['web:1'], sizeBytes: 5 }]
  await looks(6)
  expect(changes).toEqual(['web:1'])
  machine.images = new Error('no answer')
  await looks(12)
  expect(report()).toBe('web:1')
  expect(changes).toEqual(['web:1'])
})

test('before anybody was told anything, nothing is told', async () => {
  const machine = { measure: enough, images: [] }
  const { changes } = watched(machine)
  machine.measure = { ...enough, disk: { free: 0, of: 100 } }
  await looks(2)
  expect(changes).toEqual([])
})
