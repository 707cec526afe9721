import { equal } from '../api/stable.ts'
import { clusterKind, type ClusterObject } from '../api/cluster-object.ts'
import type { KindKey } from '../api/reference.ts'
import { toTime } from '../api/time.ts'
import type { KubeObject, ObjectMeta } from '../api/types.ts'
import type { Env } from './view.ts'

/** Kinds whose spec Kubernetes does not count the changes of. */
const uncounted: ReadonlySet<KindKey> = new Set(['Pod', 'Service', 'Node', 'Namespace', 'Event', 'EndpointSlice'])

/** The object as the cluster will hold it, but for its resourceVersion: with the identity that the cluster gives. */
export function identified(
  object: KubeObject,
  { kind, before, env }: { kind: KindKey; before: KubeObject | undefined; env: Env },
): KubeObject {
  const metadata: ObjectMeta = {
    ...object.metadata,
    uid: before?.metadata.uid ?? env.newId(),
    creationTimestamp: before?.metadata.creationTimestamp ?? toTime(env.now),
    ...(before?.metadata.resourceVersion === undefined ? {} : { resourceVersion: before.metadata.resourceVersion }),
    ...(uncounted.has(kind) || object.spec === undefined ? {} : { generation: generationOf(object, before) }),
  }
  return { ...object, metadata }
}

function generationOf(object: KubeObject, before: KubeObject | undefined): number {
  const generation = before?.metadata.generation ?? 0
  return before && equal(before.spec, object.spec) ? generation : generation + 1
}

/**
 * Whether a change decides anything. Status and Events do not; but which commit is applied is a decision that the status
 * of the Cluster object holds. EndpointSlices have no status: all of them is told to agents, so it is decided.
 */
export function isDecision(
  kind: KindKey,
  { before, after }: { before: KubeObject | undefined; after: KubeObject | undefined },
): boolean {
  if (kind === 'Event') return false
  if (!before || !after) return true
  if (kind === clusterKind) {
    const [was, is] = [before as ClusterObject, after as ClusterObject]
    if (!equal(was.status.revision, is.status.revision)) return true
  }
  return !equal(withoutStatus(before), withoutStatus(after))
}

function withoutStatus(object: KubeObject): unknown {
  const { status: _, metadata, ...rest } = object
  const { resourceVersion: __, ...meta } = metadata
  return { ...rest, metadata: meta }
}
