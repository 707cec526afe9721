import { sourceAnnotation } from '../../../engine/api/manifest.ts'
import { hookOf } from '../../../engine/api/sequence.ts'
import { equal } from '../../../engine/api/stable.ts'
import type { ConfigMap, KubeObject, Pod } from '../../../engine/api/types.ts'
import { isFinished } from '../../../engine/cluster/objects/pod-state.ts'
import type { Step } from '../engine-process.ts'
import { check } from './violation.ts'

/**
 * A pod that has a node goes when its agent says that nothing is left of that very pod; a ConfigMap when no pod reads it
 * that may start a container again.
 */
export function checkRemovals({ cluster, event, record }: Step): void {
  for (const { ref, before, after } of record) {
    if (!before || after) continue
    if (ref.kind === 'Pod') {
      const { spec, metadata } = before as Pod
      const gone = event.kind === 'report' && event.pods.some(pod => 'gone' in pod && pod.uid === metadata.uid)
      // A node that is out of the cluster is given up for good.
      const isKnown = cluster.get('Node', spec.nodeName ?? '') !== undefined
      check(!isKnown || gone, () => `${metadata.name} is removed and may run`)
    }
    if (ref.kind === 'ConfigMap') {
      const reader = cluster.usersOf(ref).find(user => user.kind === 'Pod' && !isFinished(user as Pod))
      check(reader === undefined, () => `ConfigMap ${ref.key} is removed, though pod ${reader?.metadata.name} reads it`)
    }
  }
}

/** Nothing that git asked for goes without a commit that somebody meant. */
export function checkNothingLost(
  { event, record }: Step,
  { meant, isRemoved }: { readonly meant: boolean; readonly isRemoved: (object: KubeObject) => boolean },
): void {
  for (const { ref, before, after } of record) {
    if (!before || !isDesired(before) || (event.kind === 'revision' && meant)) continue
    // What a commit removes may wait, and hooks are replaced and removed as they are run.
    if (isRemoved(before) || hookOf(before)) continue
    const isCommit = event.kind === 'revision' || event.kind === 'refused' || event.kind === 'source'
    // A bare pod that is gone is made anew.
    if (ref.kind === 'Pod' && !isCommit) continue
    // One that its node is to be rid of stays asked for.
    const endsAlike = ref.kind === 'Pod' || (after !== undefined && isEnding(after) === isEnding(before))
    check(
      after !== undefined && isDesired(after) && endsAlike,
      () => `${ref.kind} ${ref.key} goes by a ${event.kind} event, and nobody meant it`,
    )
  }
}

/** A ConfigMap that lets nobody change it stays what it was made as. */
export function checkUnchanged({ record }: Step): void {
  for (const { ref, before, after } of record) {
    if (ref.kind !== 'ConfigMap' || !before || !after) continue
    const [was, is] = [before as ConfigMap, after as ConfigMap]
    check(was.immutable !== true || equal(was.data, is.data), () => `${ref.key} is immutable and changes`)
  }
}

function isDesired({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[sourceAnnotation] !== undefined
}

function isEnding({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined
}
