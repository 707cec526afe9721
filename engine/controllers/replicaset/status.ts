import type { ReplicaSet, ReplicaSetStatus } from '../../api/types.ts'
import { matchesLabels, matchesSelector } from '../../api/selector.ts'
import { earliest } from '../../cluster/decision.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import { availableAt, isActive } from '../../cluster/objects/pod-state.ts'

/** The counts of a ReplicaSet's active pods, and when the next of them becomes available. */
export function replicaSetStatus(
  cluster: IndexedView,
  set: ReplicaSet,
  now: number,
): { status: ReplicaSetStatus; wakeAt: number | undefined } {
  const own = cluster
    .podTallies(set.metadata.uid ?? '')
    .filter(({ labels }) => matchesSelector(set.spec.selector, labels))
  const labeled = own.filter(({ labels }) => matchesLabels(set.spec.template.metadata?.labels, labels))
  const ready = sum(own.map(tally => tally.ready))
  const { available, wakeAt } = availability(cluster, set, { ready, now })
  const { conditions } = set.status ?? {}
  return {
    status: {
      replicas: sum(own.map(({ active }) => active)),
      fullyLabeledReplicas: sum(labeled.map(({ active }) => active)),
      readyReplicas: ready,
      availableReplicas: available,
      ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
      ...(conditions === undefined ? {} : { conditions }),
    },
    wakeAt,
  }
}

/** Only where pods have to be ready for some time is each of them looked at. */
function availability(
  cluster: IndexedView,
  { metadata, spec: { minReadySeconds = 0, selector } }: ReplicaSet,
  { ready, now }: { ready: number; now: number },
): { available: number; wakeAt: number | undefined } {
  if (minReadySeconds === 0) return { available: ready, wakeAt: undefined }
  const moments = cluster
    .ownedBy('Pod', metadata.uid ?? '')
    .filter(pod => isActive(pod) && matchesSelector(selector, pod.metadata.labels))
    .map(pod => availableAt(pod, minReadySeconds))
  return {
    available: moments.filter(at => at !== undefined && at <= now).length,
    wakeAt: earliest(...moments.filter(at => at !== undefined && at > now)),
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
