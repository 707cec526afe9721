import type { DrainOptions } from '../../api/drain.ts'
import type { Pod } from '../../api/types.ts'
import { controllerOf, isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { isFinished, isPinned } from '../../cluster/objects/pod-state.ts'

export type DrainVerdict =
  /** Not the drain's business. */
  | 'stay'
  /** It goes already. */
  | 'wait'
  /** It goes when its budgets allow. */
  | 'evict'
  | Obstacle

/** Why a pod may not be taken away, in the words of `kubectl drain`. */
export type Obstacle = (typeof obstacles)[keyof typeof obstacles]

const obstacles = {
  bare: 'cannot delete Pods that declare no controller (use --force to override)',
  pinned: 'cannot move Pods that the branch binds to the node (remove their spec.nodeName there)',
  local: 'cannot delete Pods with local storage (use --delete-emptydir-data to override)',
} as const

interface Rule {
  readonly when: (pod: Pod, options: DrainOptions) => boolean
  readonly verdict: DrainVerdict
}

/** What a drain does with a pod. First match wins. */
const rules: readonly Rule[] = [
  { when: pod => isBeingDeleted(pod), verdict: 'wait' },
  // Its controller would put it back at once, on the same node.
  { when: pod => controllerOf(pod)?.kind === 'DaemonSet', verdict: 'stay' },
  // Nobody but the node itself has a say in a mirror pod.
  { when: pod => pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined, verdict: 'stay' },
  { when: pod => isFinished(pod), verdict: 'evict' },
  { when: pod => isPinned(pod), verdict: obstacles.pinned },
  { when: (pod, { force }) => controllerOf(pod) === undefined && !force, verdict: obstacles.bare },
  {
    when: ({ spec }, { deleteEmptydirData }) =>
      !deleteEmptydirData && (spec.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined),
    verdict: obstacles.local,
  },
]

export function drainVerdict(pod: Pod, options: DrainOptions): DrainVerdict {
  return rules.find(({ when }) => when(pod, options))?.verdict ?? 'evict'
}

export function isObstacle(verdict: DrainVerdict): verdict is Obstacle {
  return verdict !== 'stay' && verdict !== 'wait' && verdict !== 'evict'
}
