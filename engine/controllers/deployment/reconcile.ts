import { type Key, keyOf, refOf } from '../../api/reference.ts'
import type { Deployment, ReplicaSet } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { type Decision, nothing, waking } from '../../cluster/decision.ts'
import { isBeingDeleted, isControlledBy } from '../../cluster/objects/ownership.ts'
import { isFinished } from '../../cluster/objects/pod-state.ts'
import { fenceposts } from './fenceposts.ts'
import { outdatedReplicaSets } from './history.ts'
import { createdCondition, isComplete } from './progress.ts'
import {
  copiedAnnotations,
  type Generations,
  generationsOf,
  newReplicaSet,
  revisionAnnotation,
  revisionOf,
  scaled,
  withRevision,
} from './replica-sets.ts'
import { currentReplicas, rollingStep, type Scaling } from './rolling-update.ts'
import { isScaling, scaleTo } from './scaling.ts'
import { deploymentStatus } from './status.ts'

/**
 * One step of a Deployment: its ReplicaSets take over its size or its template, as far as its strategy allows now. The
 * steps after it follow from what the ReplicaSets and pods make of this one.
 */
export function reconcileDeployment(cluster: IndexedView, key: Key, env: Env): Decision {
  const deployment = cluster.get('Deployment', key)
  if (!deployment || isBeingDeleted(deployment)) return nothing
  const found = generationsOf(cluster, deployment)
  const generations = withCurrent(cluster, deployment, found)
  const created = generations.current !== undefined && found.current === undefined
  const sizes = sizesFor(cluster, deployment, generations)
  const sets = [...generations.old, ...(generations.current ? [generations.current] : [])]
  const resized = sets.map(set => resize(set, { sizes, deployment }))
  const revised = resized.find(set => set.metadata.name === generations.current?.metadata.name)
  const subject = created && revised ? withCreated(deployment, revised, env) : deployment
  const { status, wakeAt } = deploymentStatus(subject, generations, env.now)
  const outdated =
    isComplete(deployment, status) || deployment.spec.paused === true
      ? outdatedReplicaSets(deployment, generations.old)
      : []
  return waking(
    [
      ...resized.map((object): Change => ({ kind: 'put', object })),
      ...resized.flatMap((set, i) => scaledEvent(deployment, { before: sets[i], after: set, created })),
      ...outdated.map((set): Change => ({ kind: 'delete', ref: refOf(set) })),
      { kind: 'put', object: { ...withRevisionOf(subject, revised), status } },
    ],
    wakeAt,
  )
}

/** The Deployment's generations with a ReplicaSet for its template, where it is time for one. */
function withCurrent(cluster: IndexedView, deployment: Deployment, found: Generations): Generations {
  const revision = Math.max(0, ...found.old.map(revisionOf)) + 1
  if (found.current) return { ...found, current: updated(deployment, withRevision(found.current, revision)) }
  if (deployment.spec.paused === true) return found
  // Recreate starts the new generation only when nothing of the old ones is left.
  if (deployment.spec.strategy.type === 'Recreate' && isOldRunning(cluster, deployment, found)) return found
  return { ...found, current: creatable(cluster, deployment, revision) }
}

function updated(deployment: Deployment, set: ReplicaSet): ReplicaSet {
  const { minReadySeconds: _, ...spec } = set.spec
  const { minReadySeconds } = deployment.spec
  return {
    ...set,
    metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...copiedAnnotations(deployment) } },
    spec: minReadySeconds === undefined ? spec : { ...spec, minReadySeconds },
  }
}

/** A ReplicaSet of a name that no other owner has: two templates may have one hash. */
function creatable(cluster: IndexedView, deployment: Deployment, revision: number): ReplicaSet {
  for (let collisions = 0; ; collisions++) {
    const set = newReplicaSet(deployment, { replicas: 0, revision, collisions })
    if (!cluster.get('ReplicaSet', keyOf(set.metadata.name, set.metadata.namespace))) return set
  }
}

function isOldRunning(cluster: IndexedView, deployment: Deployment, { old }: Generations): boolean {
  return (
    old.some(set => set.spec.replicas > 0) ||
    cluster
      .ownedBy('ReplicaSet', deployment.metadata.uid ?? '')
      .flatMap(set => cluster.ownedBy('Pod', set.metadata.uid ?? '').filter(pod => isControlledBy(pod, set)))
      .some(pod => !isFinished(pod) && old.some(set => isControlledBy(pod, set)))
  )
}

/** The replicas that each ReplicaSet should have now; those not named keep what they have. */
function sizesFor(cluster: IndexedView, deployment: Deployment, generations: Generations): Scaling {
  const { current, old } = generations
  if (deployment.spec.paused === true) return scaleTo(deployment, generations)
  if (deployment.spec.strategy.type === 'Recreate') return recreateSizes(cluster, deployment, generations)
  if (isScaling(deployment, generations)) return scaleTo(deployment, generations)
  if (!current) return new Map()
  const { maxSurge, maxUnavailable } = fenceposts(deployment)
  const rollout = {
    desired: deployment.spec.replicas,
    maxSurge,
    current: generation(current),
    old: old.map(generation),
  }
  // A ReplicaSet that is only now made is sized at once: nothing has to be waited for.
  if (current.metadata.uid === undefined) return new Map([[current.metadata.name, currentReplicas(rollout)]])
  return rollingStep({ ...rollout, maxUnavailable })
}

function recreateSizes(cluster: IndexedView, deployment: Deployment, generations: Generations): Scaling {
  const { current, old } = generations
  const running = old.filter(set => set.spec.replicas > 0)
  if (running.length > 0) return new Map(running.map(set => [set.metadata.name, 0]))
  if (!current || isOldRunning(cluster, deployment, generations)) return new Map()
  return new Map([[current.metadata.name, deployment.spec.replicas]])
}

function generation({ metadata, spec, status }: ReplicaSet) {
  return { name: metadata.name, replicas: spec.replicas, available: status?.availableReplicas ?? 0 }
}

function resize(set: ReplicaSet, { sizes, deployment }: { sizes: Scaling; deployment: Deployment }): ReplicaSet {
  const replicas = sizes.get(set.metadata.name)
  return replicas === undefined ? set : scaled(set, { replicas, deployment })
}

function withCreated(deployment: Deployment, current: ReplicaSet, env: Env): Deployment {
  return { ...deployment, status: createdCondition(deployment, { current, now: env.now }) }
}

/** The Deployment shows the revision of its current ReplicaSet. */
function withRevisionOf(deployment: Deployment, current: ReplicaSet | undefined): Deployment {
  const revision = current?.metadata.annotations?.[revisionAnnotation]
  if (revision === undefined || revision === deployment.metadata.annotations?.[revisionAnnotation]) return deployment
  const annotations = { ...deployment.metadata.annotations, [revisionAnnotation]: revision }
  return { ...deployment, metadata: { ...deployment.metadata, annotations } }
}

function scaledEvent(
  deployment: Deployment,
  { before, after, created }: { before: ReplicaSet | undefined; after: ReplicaSet; created: boolean },
): Change[] {
  const from = before?.spec.replicas ?? 0
  const to = after.spec.replicas
  if (from === to) return []
  const way = to > from ? 'up' : 'down'
  const message =
    created && from === 0
      ? `Scaled up replica set ${after.metadata.name} to ${to}`
      : `Scaled ${way} replica set ${after.metadata.name} from ${from} to ${to}`
  return [
    {
      kind: 'event',
      ref: refOf(deployment),
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message,
      component: 'deployment-controller',
    },
  ]
}
