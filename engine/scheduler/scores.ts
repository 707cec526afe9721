import type { Pod } from '../api/types.ts'
import { controllerOf } from '../cluster/objects/ownership.ts'
import { tolerates } from './filters.ts'
import type { NodeInfo } from './node-info.ts'
import { requestsOf } from './requests.ts'

/** What a pod counts for at least, so that pods that ask for nothing spread too; kube-scheduler's defaults. */
const assumed = new Map([
  ['cpu', 0.1],
  ['memory', 200 * 1024 ** 2],
])

interface Score {
  readonly weight: number
  /** 0 to 100; higher is better. */
  readonly of: (pod: Pod, node: NodeInfo) => number
}

/** The share that stays free, on average over cpu and memory. */
const leastAllocated: Score = {
  weight: 1,
  of: ({ spec }, { allocatable, requested, pods }) => {
    const requests = requestsOf(spec)
    let free = 0
    for (const [name, least] of assumed) {
      const has = allocatable.get(name)
      if (has === undefined || has === 0) continue
      const taken = Math.max(requested.get(name) ?? 0, pods * least) + Math.max(requests.get(name) ?? 0, least)
      free += Math.max(0, 1 - taken / has) * 50
    }
    return free
  },
}

/** Fewer pods of the same owner. */
const spread: Score = {
  weight: 2,
  of: (pod, { owners }) => {
    const owner = controllerOf(pod)
    return owner ? 100 / (1 + (owners.get(owner.uid) ?? 0)) : 100
  },
}

/** No taint that would rather keep the pod away. */
const taintPreference: Score = {
  weight: 3,
  of: (pod, { discouraging }) => (discouraging.every(taint => tolerates(pod, taint)) ? 100 : 0),
}

const scores: readonly Score[] = [leastAllocated, spread, taintPreference]

export function scoreOf(pod: Pod, node: NodeInfo): number {
  let total = 0
  for (const { weight, of } of scores) total += weight * of(pod, node)
  return total
}
