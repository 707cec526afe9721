import type { Labels, Taint } from '../../engine/api/types.ts'
import type { NodeReport } from '../../engine/protocol/session.ts'
import type { Random } from './random.ts'

/** What a node offers, and to whom. */
export interface Machine {
  readonly cpu: number
  readonly pods: number
  readonly labels: Labels
  readonly taints: readonly Taint[]
}

export const dedicated: Taint = { key: 'dedicated', value: 'db', effect: 'NoSchedule' }
const slow: Taint = { key: 'slow', effect: 'PreferNoSchedule' }

export function randomMachine(random: Random): Machine {
  const small = random.chance(0.4)
  return {
    cpu: small ? random.between(1, 3) / 2 : 4,
    pods: small ? random.between(3, 8) : 30,
    labels: random.chance(0.5) ? { disk: 'ssd' } : {},
    taints: [...(random.chance(0.3) ? [dedicated] : []), ...(random.chance(0.2) ? [slow] : [])],
  }
}

/** Takes every pod that there may be. */
export const roomyMachine: Machine = { cpu: 16, pods: 110, labels: { disk: 'ssd' }, taints: [] }

export function nodeReport(name: string, { cpu, pods, labels, taints }: Machine): NodeReport {
  const amount = { cpu: String(cpu), memory: '8Gi', pods: String(pods) }
  return {
    name,
    labels: { 'kubernetes.io/hostname': name, ...labels },
    taints,
    status: { capacity: amount, allocatable: amount, runtimeHandlers: [{ name: 'docker' }] },
  }
}

/** What an agent says that has not looked at its machine yet. */
export function unknownNode(name: string): NodeReport {
  return { name, labels: {}, taints: [], status: {} }
}
