import { keyOf, kindKey, type Ref, refOf } from '../../api/reference.ts'
import type { KubeObject, OwnerReference, Pod } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { type Decision, nothing } from '../../cluster/decision.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { deletePod } from '../pod/deletion.ts'
import { isFinished } from '../../cluster/objects/pod-state.ts'

/** Keeps a ConfigMap or Secret that git no longer asks for while something that runs still reads it. */
export const inUseFinalizer = 'gantry.dev/in-use'

/** Removes what has lost its owner. */
export function reconcileGarbage(cluster: IndexedView, ref: Ref, env: Env): Decision {
  const object = cluster.get(ref.kind, ref.key)
  return object && isOrphaned(cluster, object) ? { changes: removal(object, env) } : nothing
}

/** Removes a ConfigMap or Secret that git no longer asks for once the last thing that used it is gone. */
export function reconcileConfig(cluster: IndexedView, ref: Ref): Decision {
  const object = cluster.get(ref.kind, ref.key)
  const isKept = object?.metadata.finalizers?.includes(inUseFinalizer) === true
  return object && isBeingDeleted(object) && isKept && !isInUse(cluster, ref)
    ? { changes: [{ kind: 'delete', ref }] }
    : nothing
}

/** Every owner it names is gone. An object of the same name but another uid is another owner. */
function isOrphaned(cluster: IndexedView, { metadata }: KubeObject): boolean {
  const { ownerReferences = [], namespace } = metadata
  return ownerReferences.length > 0 && ownerReferences.every(owner => !exists(cluster, owner, namespace))
}

function exists(cluster: IndexedView, owner: OwnerReference, namespace: string | undefined): boolean {
  const kind = kindKey(owner.apiVersion, owner.kind)
  // An owner that belongs to no namespace may own what is in one.
  const found = cluster.get(kind, keyOf(owner.name, namespace)) ?? cluster.get(kind, owner.name)
  return found?.metadata.uid === owner.uid
}

/** Takes an object out of the cluster: a pod by way of its agent, anything else at once. */
export function removal(object: KubeObject, env: Env): readonly Change[] {
  const ref = refOf(object)
  return ref.kind === 'Pod' ? deletePod(object as Pod, env) : [{ kind: 'delete', ref }]
}

/** Pods that could start a container again, and what could make such a pod. */
function isInUse(cluster: IndexedView, ref: Ref): boolean {
  return cluster.usersOf(ref).some(user => user.kind !== 'Pod' || !isFinished(user as Pod))
}
