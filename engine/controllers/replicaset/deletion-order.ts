import { fromTime } from '../../api/time.ts'
import type { Pod } from '../../api/types.ts'
import { conditionOf } from '../../cluster/objects/conditions.ts'
import { isAvailable, isReady } from '../../cluster/objects/pod-state.ts'

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

interface Circumstances {
  /** How many of these pods are on the pod's node. */
  readonly crowd: (pod: Pod) => number
  readonly minReadySeconds: number
  readonly now: number
}

/** Smaller goes first. */
type Rank = (pod: Pod, circumstances: Circumstances) => number

/**
 * Which pods a smaller ReplicaSet gives up: the first `count` in the order of Kubernetes's ActivePodsWithRanks, with one
 * rank more: a pod that is ready but not available yet goes before one that is. Without it, shrinking an old ReplicaSet
 * by what it has unavailable could take pods that are available.
 */
export function firstToDelete(
  pods: readonly Pod[],
  { count, minReadySeconds, now }: { count: number; minReadySeconds: number; now: number },
): Pod[] {
  const perNode = new Map<string, number>()
  for (const { spec } of pods) perNode.set(spec.nodeName ?? '', (perNode.get(spec.nodeName ?? '') ?? 0) + 1)
  const circumstances = { crowd: (pod: Pod) => perNode.get(pod.spec.nodeName ?? '') ?? 0, minReadySeconds, now }
  return [...pods].sort((a, b) => compare(a, b, circumstances)).slice(0, count)
}

/** First difference wins. */
const ranks: readonly Rank[] = [
  // Not yet on a node.
  pod => (pod.spec.nodeName === undefined ? 0 : 1),
  // Pending before unknown before running.
  pod => phaseOrder[pod.status?.phase ?? 'Pending'] ?? 0,
  // Not ready.
  pod => (isReady(pod) ? 1 : 0),
  // Not available yet.
  (pod, circumstances) => (isAvailable(pod, circumstances) ? 1 : 0),
  // Called cheap by their author.
  pod => Number(pod.metadata.annotations?.[costAnnotation] ?? 0) || 0,
  // On a node with more of them.
  (pod, { crowd }) => -crowd(pod),
  // Ready for a shorter time.
  pod => -readySince(pod),
  // Restarted more often.
  pod => -Math.max(0, ...(pod.status?.containerStatuses ?? []).map(status => status.restartCount)),
  // Younger.
  pod => -fromTime(pod.metadata.creationTimestamp ?? ''),
]

function compare(a: Pod, b: Pod, circumstances: Circumstances): number {
  for (const rank of ranks) {
    const difference = rank(a, circumstances) - rank(b, circumstances)
    if (difference !== 0) return difference
  }
  return a.metadata.name < b.metadata.name ? -1 : 1
}

function readySince(pod: Pod): number {
  const ready = conditionOf(pod.status?.conditions, 'Ready')
  return ready?.status === 'True' && ready.lastTransitionTime !== undefined ? fromTime(ready.lastTransitionTime) : 0
}
