/** What of a machine pods may ask for. */
import { formatBytes, formatCpu, isQuantity, parseQuantity } from '../engine/api/quantity.ts'
import type { ResourceList } from '../engine/api/types.ts'
import { diskThreshold, memoryThreshold } from './pressure.ts'

const reservable = ['cpu', 'memory', 'ephemeral-storage'] as const
type Reservable = (typeof reservable)[number]
/** Kept back for what is not a pod, in cores and bytes. */
export type Reserved = Readonly<Partial<Record<Reservable, number>>>

/** `cpu=500m,memory=1Gi`, as the kubelet's --system-reserved. @throws Error that quotes the flag */
export function parseReserved(flag: string): Reserved {
  const parts = flag.split(',').filter(part => part !== '')
  return Object.fromEntries(
    parts.map(part => {
      const [name = '', quantity = '', ...more] = part.split('=')
      const known = reservable.find(each => each === name)
      if (known !== undefined && isQuantity(quantity) && parseQuantity(quantity) >= 0 && more.length === 0) {
        return [known, parseQuantity(quantity)]
      }
      throw new Error(
        `--system-reserved must name amounts of ${reservable.join(', ')}, not ${JSON.stringify(part)}; ` +
          'write --system-reserved cpu=500m,memory=1Gi',
      )
    }),
  )
}

/**
 * Capacity without what is reserved, and without the last of memory and disk, at which the node is under pressure: 8 GiB of
 * which 1 GiB is reserved leave 7 GiB − 100 MiB, as with the kubelet.
 */
export function allocatableOf(capacity: ResourceList, reserved: Reserved): ResourceList {
  const { cpu = '0', memory = '0', 'ephemeral-storage': disk = '0', ...rest } = capacity
  return {
    ...rest,
    cpu: formatCpu(less(parseQuantity(cpu), reserved.cpu)),
    memory: formatBytes(less(parseQuantity(memory), reserved.memory, memoryThreshold)),
    'ephemeral-storage': formatBytes(
      less(parseQuantity(disk), reserved['ephemeral-storage'], parseQuantity(disk) * diskThreshold),
    ),
  }
}

function less(all: number, ...parts: readonly (number | undefined)[]): number {
  return Math.max(0, Math.floor((all - parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)) * 1000) / 1000)
}
