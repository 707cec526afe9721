import type { Pod, ReplicaSet, ReplicaSetStatus } from '../../api/types.ts'
import { matchesLabels } from '../../api/selector.ts'
import { earliest } from '../../cluster/decision.ts'
import { availableAt, isAvailable, isReady } from '../../cluster/objects/pod-state.ts'

/** The counts of a ReplicaSet's active pods, and when the next of them becomes available. */
export function replicaSetStatus(
  set: ReplicaSet,
  { active, now }: { active: readonly Pod[]; now: number },
): { status: ReplicaSetStatus; wakeAt: number | undefined } {
  const minReadySeconds = set.spec.minReadySeconds ?? 0
  const moments = active.map(pod => availableAt(pod, minReadySeconds))
  const { conditions } = set.status ?? {}
  return {
    status: {
      replicas: active.length,
      fullyLabeledReplicas: active.filter(pod => matchesLabels(set.spec.template.metadata?.labels, pod.metadata.labels))
        .length,
      readyReplicas: active.filter(isReady).length,
      availableReplicas: active.filter(pod => isAvailable(pod, { minReadySeconds, now })).length,
      ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
      ...(conditions === undefined ? {} : { conditions }),
    },
    wakeAt: earliest(...moments.filter(at => at !== undefined && at > now)),
  }
}
