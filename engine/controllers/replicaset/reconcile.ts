import { matchesSelector } from '../../api/selector.ts'
import type { Key } from '../../api/reference.ts'
import { keyOf, refOf } from '../../api/reference.ts'
import type { Pod, ReplicaSet } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { type Decision, earliest, nothing, waking } from '../../cluster/decision.ts'
import { generatedName } from '../names.ts'
import { controllerReference, isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { deletePod } from '../pod/deletion.ts'
import { qosClass } from '../pod/qos.ts'
import { isActive } from '../../cluster/objects/pod-state.ts'
import { claimPods } from './claim.ts'
import { firstToDelete } from './deletion-order.ts'
import { replaceAfter, superfluousFailures } from './failed-pods.ts'
import { replicaSetStatus } from './status.ts'

/** Keeps the number of Pods that match a ReplicaSet's selector at `spec.replicas`. */
export function reconcileReplicaSet(cluster: IndexedView, key: Key, env: Env): Decision {
  const set = cluster.get('ReplicaSet', key)
  if (!set || isBeingDeleted(set)) return nothing
  const { status, wakeAt } = replicaSetStatus(cluster, set, env.now)
  const counted: Change = { kind: 'put', object: { ...set, status } }
  if (isAsAsked(cluster, set)) return waking([counted], wakeAt)

  const claim = claimPods(cluster, set)
  const active = claim.pods.filter(isActive)
  const failed = claim.pods.filter(pod => pod.status?.phase === 'Failed' && !isBeingDeleted(pod))
  const missing = set.spec.replicas - active.length
  const mayReplaceAt = missing > 0 ? replaceAfter(failed) : 0
  return waking(
    [
      ...claim.changes,
      ...(missing > 0 && mayReplaceAt <= env.now ? createPods(cluster, set, { count: missing, env }) : []),
      ...(missing < 0 ? surplusPods(set, active, env).flatMap(pod => surplus(pod, set, env)) : []),
      ...superfluousFailures(failed).flatMap(pod => deletePod(pod, env)),
      counted,
    ],
    earliest(wakeAt, mayReplaceAt > env.now ? mayReplaceAt : undefined),
  )
}

/** Whether there is nothing to do, which the tallies tell: of a ReplicaSet's thousands of pods mostly one became ready. */
function isAsAsked(cluster: IndexedView, { metadata, spec }: ReplicaSet): boolean {
  const tallies = cluster.podTallies(metadata.uid ?? '')
  const others = tallies.filter(({ active, pods, labels }) => active < pods || !matchesSelector(spec.selector, labels))
  const active = tallies.reduce((sum, tally) => sum + tally.active, 0)
  return others.length === 0 && active === spec.replicas && cluster.orphanPods(metadata.namespace ?? '').length === 0
}

function createPods(cluster: IndexedView, set: ReplicaSet, { count, env }: { count: number; env: Env }): Change[] {
  const names = new Set<string>()
  const taken = (name: string) =>
    names.has(name) || cluster.get('Pod', keyOf(name, set.metadata.namespace)) !== undefined
  const ownerReferences = [controllerReference(set)]
  return Array.from({ length: count }, () => {
    const name = generatedName(`${set.metadata.name}-`, { env, taken })
    names.add(name)
    return podOf(set, { name, ownerReferences })
  }).flatMap(pod => [
    { kind: 'put', object: pod } as const,
    told(set, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`),
  ])
}

/** All pods of a ReplicaSet share its template's spec, labels and annotations, object for object. */
function podOf(set: ReplicaSet, given: Pick<Pod['metadata'], 'name' | 'ownerReferences'>): Pod {
  const { metadata, spec } = set.spec.template
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...given,
      generateName: `${set.metadata.name}-`,
      ...(set.metadata.namespace === undefined ? {} : { namespace: set.metadata.namespace }),
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
    },
    spec,
    status: { phase: 'Pending', qosClass: qosClass(spec) },
  }
}

function surplusPods(set: ReplicaSet, active: readonly Pod[], { now }: Env): Pod[] {
  const { replicas, minReadySeconds = 0 } = set.spec
  return firstToDelete(active, { count: active.length - replicas, minReadySeconds, now })
}

function surplus(pod: Pod, set: ReplicaSet, env: Env): Change[] {
  return [...deletePod(pod, env), told(set, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)]
}

function told(set: ReplicaSet, reason: string, message: string): Change {
  return { kind: 'event', ref: refOf(set), type: 'Normal', reason, message, component: 'replicaset-controller' }
}
