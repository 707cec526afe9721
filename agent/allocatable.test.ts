import { expect, test } from 'vitest'
import { allocatableOf, parseReserved } from './allocatable.ts'

const capacity = { cpu: '2', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '110' }

test.each([
  { name: 'nothing reserved', flag: '', cpu: '2', memory: '8092Mi', disk: '90Gi' },
  {
    name: 'something of all',
    flag: 'cpu=250m,memory=1Gi,ephemeral-storage=10Gi',
    cpu: '1750m',
    memory: '7068Mi',
    disk: '80Gi',
  },
  { name: 'more than there is', flag: 'cpu=3,memory=1Ti', cpu: '0', memory: '0', disk: '90Gi' },
])('$name', ({ flag, cpu, memory, disk }) => {
  expect(allocatableOf(capacity, parseReserved(flag))).toEqual({ cpu, memory, 'ephemeral-storage': disk, pods: '110' })
})

test.each(['gpu=1', 'cpu', 'cpu=many', 'cpu=-1', 'memory=1Gi=2'])('%s is refused', flag => {
  expect(() => parseReserved(flag)).toThrow(
    `--system-reserved must name amounts of cpu, memory, ephemeral-storage, not "${flag}"; write`,
  )
})
