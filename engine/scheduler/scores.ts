import { tolerates } from './filters.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/** What a pod counts for at least, so that pods that ask for nothing spread too; kube-scheduler's defaults. */
const leastCpu = 0.1
const leastMemory = 200 * 1024 ** 2

interface Score {
  readonly weight: number
  /** 0 to 100; higher is better. */
  readonly of: (info: PodInfo, node: NodeInfo) => number
}

/** The share that stays free, on average over cpu and memory. */
const leastAllocated: Score = {
  weight: 1,
  of: ({ cpu, memory }, node) =>
    50 * freeShare(node, { resource: 'cpu', more: cpu, least: leastCpu }) +
    50 * freeShare(node, { resource: 'memory', more: memory, least: leastMemory }),
}

function freeShare(
  { allocatable, requested, pods }: NodeInfo,
  { resource, more, least }: { resource: string; more: number; least: number },
): number {
  const has = allocatable.get(resource)
  if (has === undefined || has === 0) return 0
  const taken = Math.max(requested.get(resource) ?? 0, pods * least) + Math.max(more, least)
  return Math.max(0, 1 - taken / has)
}

/** Fewer pods of the same owner. */
const spread: Score = {
  weight: 2,
  of: ({ owner }, { owners }) => (owner === undefined ? 100 : 100 / (1 + (owners.get(owner) ?? 0))),
}

/** No taint that would rather keep the pod away. */
const taintPreference: Score = {
  weight: 3,
  of: ({ pod }, { discouraging }) => (discouraging.every(taint => tolerates(pod, taint)) ? 100 : 0),
}

const scores: readonly Score[] = [leastAllocated, spread, taintPreference]

export function scoreOf(info: PodInfo, node: NodeInfo): number {
  let total = 0
  for (const { weight, of } of scores) total += weight * of(info, node)
  return total
}
