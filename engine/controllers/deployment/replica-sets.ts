import { sourceAnnotation } from '../../api/manifest.ts'
import { equal, templateHash } from '../../api/stable.ts'
import { fromTime } from '../../api/time.ts'
import type { Deployment, Labels, LabelSelector, PodTemplateSpec, ReplicaSet } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import { controllerReference, isControlledBy } from '../../cluster/objects/ownership.ts'
import { fenceposts } from './fenceposts.ts'

export const hashLabel = 'pod-template-hash'
export const revisionAnnotation = 'deployment.kubernetes.io/revision'
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'
/** Annotations that say something of the Deployment and nothing of its ReplicaSets. */
const ownAnnotations: ReadonlySet<string> = new Set([
  revisionAnnotation,
  sourceAnnotation,
  'kubectl.kubernetes.io/last-applied-configuration',
])

export interface Generations {
  /** The ReplicaSet of the Deployment's template, where there is one. */
  readonly current: ReplicaSet | undefined
  /** The others, oldest first. */
  readonly old: readonly ReplicaSet[]
}

/** A Deployment's ReplicaSets: the one that has its template, and the others. */
export function generationsOf(cluster: IndexedView, deployment: Deployment): Generations {
  const sets = cluster
    .ownedBy('ReplicaSet', deployment.metadata.uid ?? '')
    .filter(set => isControlledBy(set, deployment))
    .sort((a, b) => createdAt(a) - createdAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
  const current = sets.find(set => isSameTemplate(set.spec.template, deployment.spec.template))
  return { current, old: sets.filter(set => set !== current) }
}

export function createdAt(set: ReplicaSet): number {
  return fromTime(set.metadata.creationTimestamp ?? '')
}

/** Whether templates differ in nothing but the hash label. Most share their specs, which then compare at once. */
function isSameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return equal(a.spec, b.spec) && equal(metadataOf(a), metadataOf(b))
}

function metadataOf({ metadata }: PodTemplateSpec) {
  const { [hashLabel]: _, ...labels } = metadata?.labels ?? {}
  return { ...metadata, labels }
}

/** The ReplicaSet that a Deployment's template asks for, with a name that tells templates apart. */
export function newReplicaSet(
  deployment: Deployment,
  { replicas, revision, collisions }: { replicas: number; revision: number; collisions: number },
): ReplicaSet {
  const { template, minReadySeconds } = deployment.spec
  const hash = templateHash(collisions === 0 ? template : { template, collisions })
  const labels = { ...template.metadata?.labels, [hashLabel]: hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      ...(deployment.metadata.namespace === undefined ? {} : { namespace: deployment.metadata.namespace }),
      labels,
      annotations: {
        ...copiedAnnotations(deployment),
        ...sizeAnnotations(deployment),
        [revisionAnnotation]: String(revision),
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: withHash(deployment.spec.selector, hash),
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

function withHash(selector: LabelSelector, hash: string): LabelSelector {
  return { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } }
}

export function copiedAnnotations(deployment: Deployment): Labels {
  const entries = Object.entries(deployment.metadata.annotations ?? {})
  return Object.fromEntries(entries.filter(([name]) => !ownAnnotations.has(name)))
}

/** What the ReplicaSet was sized for, so that a later change of size is told from a rollout. */
export function sizeAnnotations(deployment: Deployment): Labels {
  const { replicas } = deployment.spec
  return {
    [desiredAnnotation]: String(replicas),
    [maxAnnotation]: String(replicas + fenceposts(deployment).maxSurge),
  }
}

export function annotationNumber(set: ReplicaSet, name: string): number | undefined {
  const text = set.metadata.annotations?.[name]
  return text === undefined ? undefined : Number(text)
}

export function revisionOf(set: ReplicaSet): number {
  return annotationNumber(set, revisionAnnotation) ?? 0
}

/** The current ReplicaSet carries the highest revision; one that is used again remembers the revisions it had. */
export function withRevision(set: ReplicaSet, revision: number): ReplicaSet {
  const before = revisionOf(set)
  if (before >= revision) return set
  const history = [set.metadata.annotations?.[historyAnnotation], before === 0 ? undefined : String(before)]
    .filter(part => part !== undefined)
    .join(',')
  const annotations = {
    ...set.metadata.annotations,
    [revisionAnnotation]: String(revision),
    ...(history === '' ? {} : { [historyAnnotation]: history }),
  }
  return { ...set, metadata: { ...set.metadata, annotations } }
}

export function scaled(
  set: ReplicaSet,
  { replicas, deployment }: { replicas: number; deployment: Deployment },
): ReplicaSet {
  const annotations = { ...set.metadata.annotations, ...sizeAnnotations(deployment) }
  return { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, replicas } }
}
