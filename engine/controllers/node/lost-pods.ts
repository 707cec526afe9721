import type { Pod, Toleration } from '../../api/types.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { isFinished } from '../../cluster/objects/pod-state.ts'

/** A pod on a node that stopped reporting. */
export interface LostPod {
  readonly pod: Pod
  /** Which taint the node has: `node.kubernetes.io/unreachable` or `…/not-ready`. */
  readonly taint: string
  /** When the node was lost (env.now). */
  readonly since: number
  readonly now: number
  /** Where the pod says nothing itself. */
  readonly defaultSeconds: number
  /** Most nodes are lost: more likely the engine's own network is. */
  readonly mostNodesLost: boolean
}

export type Verdict = 'forget' | 'wait' | 'evict'

interface Rule {
  readonly when: (lost: LostPod) => boolean
  readonly verdict: Verdict
}

/** What becomes of a pod on a node that stopped reporting. First match wins. */
const lostPodRules: readonly Rule[] = [
  // A pod that was already told to stop needs no replacement.
  { when: ({ pod }) => isBeingDeleted(pod), verdict: 'forget' },
  // One that has ended runs nowhere.
  { when: ({ pod }) => isFinished(pod), verdict: 'forget' },
  // A toleration without a limit binds the pod to its node for good.
  { when: lost => tolerationSeconds(lost) === 'forever', verdict: 'forget' },
  // There is nowhere to go, or nothing is wrong with the nodes.
  { when: ({ mostNodesLost }) => mostNodesLost, verdict: 'wait' },
  // The node may come back.
  { when: lost => lost.now < replaceAt(lost), verdict: 'wait' },
]

export function lostPodVerdict(lost: LostPod): Verdict {
  return lostPodRules.find(({ when }) => when(lost))?.verdict ?? 'evict'
}

/** When the pod is given up. */
export function replaceAt(lost: LostPod): number {
  const seconds = tolerationSeconds(lost)
  return lost.since + (seconds === 'forever' ? Number.POSITIVE_INFINITY : seconds * 1000)
}

/** The shortest of the tolerations that match, as in Kubernetes; the cluster's default where none does. */
function tolerationSeconds({ pod, taint, defaultSeconds }: LostPod): number | 'forever' {
  const matching = (pod.spec.tolerations ?? []).filter(toleration => toleratesLoss(toleration, taint))
  if (matching.length === 0) return defaultSeconds
  const limits = matching.flatMap(({ tolerationSeconds: seconds }) =>
    seconds === undefined ? [] : [Math.max(0, seconds)],
  )
  return limits.length === 0 ? 'forever' : Math.min(...limits)
}

function toleratesLoss({ key, operator, value, effect }: Toleration, taint: string): boolean {
  if (effect !== undefined && effect !== 'NoExecute') return false
  if (key === undefined || key === '') return operator === 'Exists'
  return key === taint && (operator === 'Exists' || (value ?? '') === '')
}
