import { taintKeys } from '../../api/node-taints.ts'
import { fromTime } from '../../api/time.ts'
import type { Pod, Taint, Toleration } from '../../api/types.ts'
import { conditionOf } from '../../cluster/objects/conditions.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { isFinished, isPinned } from '../../cluster/objects/pod-state.ts'

/** What a cluster sets for pods that say nothing of a lost node themselves. */
export interface TolerationDefaults {
  readonly unreachableTolerationSeconds: number
  readonly notReadyTolerationSeconds: number
}

/** A pod on a node that has taints. */
export interface TaintedPod {
  readonly pod: Pod
  readonly taints: readonly Taint[]
  readonly now: number
  readonly defaults: TolerationDefaults
}

export type Verdict = 'stay' | 'wait' | 'evict'

interface Rule {
  readonly when: (tainted: TaintedPod) => boolean
  readonly verdict: Verdict
}

/** What becomes of a pod on a tainted node. First match wins. */
const rules: readonly Rule[] = [
  // A pod that was already told to stop needs no replacement.
  { when: ({ pod }) => isBeingDeleted(pod), verdict: 'stay' },
  // One that has ended runs nowhere.
  { when: ({ pod }) => isFinished(pod), verdict: 'stay' },
  // The branch binds it to this very node: it would be made anew there at once, without end.
  { when: ({ pod }) => isPinned(pod), verdict: 'stay' },
  // It tolerates every taint that evicts, and for good.
  { when: tainted => evictAt(tainted) === Number.POSITIVE_INFINITY, verdict: 'stay' },
  // The taint may be lifted before its time is up.
  { when: tainted => tainted.now < evictAt(tainted), verdict: 'wait' },
]

export function taintVerdict(tainted: TaintedPod): Verdict {
  return rules.find(({ when }) => when(tainted))?.verdict ?? 'evict'
}

/** When the pod is to leave: at the first moment that one of the taints no longer lets it stay. */
export function evictAt({ pod, taints, defaults }: TaintedPod): number {
  const moments = taints
    .filter(({ effect }) => effect === 'NoExecute')
    .map(taint => since(taint, pod) + toleratedSeconds(taint, { pod, defaults }) * 1000)
  return Math.min(Number.POSITIVE_INFINITY, ...moments)
}

/** A pod that came to the node when the taint was there already is given the same time. */
function since({ timeAdded }: Taint, { status }: Pod): number {
  const scheduled = conditionOf(status?.conditions, 'PodScheduled')
  const boundAt = scheduled?.status === 'True' ? scheduled.lastTransitionTime : undefined
  return Math.max(...[timeAdded, boundAt].map(time => (time === undefined ? 0 : fromTime(time))))
}

/** The shortest of the tolerations that match, as in Kubernetes. */
function toleratedSeconds(taint: Taint, { pod, defaults }: Pick<TaintedPod, 'pod' | 'defaults'>): number {
  const matching = (pod.spec.tolerations ?? []).filter(toleration => toleratesTaint(toleration, taint))
  if (matching.length === 0) return defaultSeconds(taint, defaults)
  return Math.min(...matching.map(({ tolerationSeconds = Number.POSITIVE_INFINITY }) => Math.max(0, tolerationSeconds)))
}

/** As if every pod had been given the tolerations that Kubernetes's DefaultTolerationSeconds adds. */
function defaultSeconds({ key }: Taint, defaults: TolerationDefaults): number {
  if (key === taintKeys.unreachable) return defaults.unreachableTolerationSeconds
  return key === taintKeys.notReady ? defaults.notReadyTolerationSeconds : 0
}

function toleratesTaint({ key = '', operator, value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false
  if (key === '') return operator === 'Exists'
  return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''))
}
