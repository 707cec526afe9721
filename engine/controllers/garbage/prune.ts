import { sourceAnnotation } from '../../api/manifest.ts'
import { refOf } from '../../api/reference.ts'
import { toTime } from '../../api/time.ts'
import type { KubeObject, ObjectMeta } from '../../api/types.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { inUseFinalizer, removal } from './reconcile.ts'

/**
 * What it means that git no longer asks for an object. A Namespace stands until it is empty; a ConfigMap or Secret until
 * nothing that runs reads it, so that an old pod can restart in mid-rollout; a pod until its agent has stopped it.
 */
export function prune(object: KubeObject, env: Env): readonly Change[] {
  const { kind } = refOf(object)
  const released: KubeObject = { ...object, metadata: withoutSource(object.metadata) }
  if (kind === 'Pod' && isBeingDeleted(object)) return [{ kind: 'put', object: released }]
  if (kind === 'ConfigMap' || kind === 'Secret') return [ending(released, { finalizers: [inUseFinalizer], env })]
  if (kind === 'Namespace') return [ending(released, { finalizers: ['kubernetes'], env })]
  return removal(released, env)
}

/** An object that was on its way out and is asked for again. */
export function revived<T extends KubeObject>(object: T): T {
  const { deletionTimestamp: _, finalizers = [], ...metadata } = object.metadata
  const left = finalizers.filter(name => name !== inUseFinalizer && name !== 'kubernetes')
  return { ...object, metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left } }
}

function ending(object: KubeObject, { finalizers, env }: { finalizers: readonly string[]; env: Env }): Change {
  return {
    kind: 'put',
    object: { ...object, metadata: { ...object.metadata, deletionTimestamp: toTime(env.now), finalizers } },
  }
}

function withoutSource(metadata: ObjectMeta): ObjectMeta {
  const { [sourceAnnotation]: _, ...annotations } = metadata.annotations ?? {}
  return { ...metadata, annotations }
}
