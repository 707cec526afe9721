import { matchesSelector } from '../../api/selector.ts'
import type { Pod, ReplicaSet } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change } from '../../cluster/view.ts'
import { controllerReference, isBeingDeleted, isControlledBy } from '../../cluster/objects/ownership.ts'

export interface Claim {
  /** The ReplicaSet's pods, with those it adopts and without those it releases. */
  readonly pods: readonly Pod[]
  readonly changes: readonly Change[]
}

/** Adopts pods that match the selector and have no controller; lets go of its own that match no more. */
export function claimPods(cluster: IndexedView, set: ReplicaSet): Claim {
  const own = cluster.ownedBy('Pod', set.metadata.uid ?? '').filter(pod => isControlledBy(pod, set))
  const matches = (pod: Pod) => matchesSelector(set.spec.selector, pod.metadata.labels)
  const [kept, strange] = [own.filter(matches), own.filter(pod => !matches(pod))]
  const orphans = isBeingDeleted(set)
    ? []
    : cluster.orphanPods(set.metadata.namespace ?? '').filter(pod => !isBeingDeleted(pod) && matches(pod))
  const adopted = orphans.map(pod => adopt(pod, set))
  return {
    pods: [...kept, ...adopted],
    changes: [...adopted, ...strange.map(pod => release(pod, set))].map(object => ({ kind: 'put', object })),
  }
}

function adopt(pod: Pod, set: ReplicaSet): Pod {
  const ownerReferences = [...(pod.metadata.ownerReferences ?? []), controllerReference(set)]
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } }
}

function release(pod: Pod, set: ReplicaSet): Pod {
  const ownerReferences = (pod.metadata.ownerReferences ?? []).filter(owner => owner.uid !== set.metadata.uid)
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } }
}
