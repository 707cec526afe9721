import { fromTime } from '../../api/time.ts'
import type { Pod } from '../../api/types.ts'
import { conditionOf } from '../../cluster/objects/conditions.ts'
import { isReady } from '../../cluster/objects/pod-state.ts'

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Which pods a smaller ReplicaSet gives up: the first `count` in the order in which Kubernetes would. */
export function firstToDelete(pods: readonly Pod[], count: number): Pod[] {
  if (count >= pods.length) return [...pods]
  const perNode = new Map<string, number>()
  for (const { spec } of pods) perNode.set(spec.nodeName ?? '', (perNode.get(spec.nodeName ?? '') ?? 0) + 1)
  const crowd = (pod: Pod) => perNode.get(pod.spec.nodeName ?? '') ?? 0
  return [...pods].sort((a, b) => compare(a, b, crowd)).slice(0, count)
}

type Rank = (pod: Pod) => number

/** First difference wins; the smaller rank goes first. The source is Kubernetes's ActivePodsWithRanks. */
function compare(a: Pod, b: Pod, crowd: Rank): number {
  for (const rank of [...ranks, crowdedFirst(crowd), ...laterRanks]) {
    const difference = rank(a) - rank(b)
    if (difference !== 0) return difference
  }
  return a.metadata.name < b.metadata.name ? -1 : 1
}

const ranks: readonly Rank[] = [
  // Not yet on a node, before those on one.
  pod => (pod.spec.nodeName === undefined ? 0 : 1),
  // Pending before unknown before running.
  pod => phaseOrder[pod.status?.phase ?? 'Pending'] ?? 0,
  // Not ready before ready.
  pod => (isReady(pod) ? 1 : 0),
  // Those that their author calls cheap.
  pod => Number(pod.metadata.annotations?.[costAnnotation] ?? 0) || 0,
]

/** Pods that share their node with more of their kind. */
function crowdedFirst(crowd: Rank): Rank {
  return pod => -crowd(pod)
}

const laterRanks: readonly Rank[] = [
  // Ready for a shorter time.
  pod => -readySince(pod),
  // Restarted more often.
  pod => -Math.max(0, ...(pod.status?.containerStatuses ?? []).map(status => status.restartCount)),
  // Younger.
  pod => -fromTime(pod.metadata.creationTimestamp ?? ''),
]

function readySince(pod: Pod): number {
  const ready = conditionOf(pod.status?.conditions, 'Ready')
  return ready?.status === 'True' && ready.lastTransitionTime !== undefined ? fromTime(ready.lastTransitionTime) : 0
}
