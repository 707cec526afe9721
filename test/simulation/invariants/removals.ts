import { sourceAnnotation } from '../../../engine/api/manifest.ts'
import type { KubeObject, Pod } from '../../../engine/api/types.ts'
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
      check(spec.nodeName === undefined || gone, () => `${metadata.name} is removed and may run`)
    }
    if (ref.kind === 'ConfigMap') {
      const reader = cluster.usersOf(ref).find(user => user.kind === 'Pod' && !isFinished(user as Pod))
      check(reader === undefined, () => `ConfigMap ${ref.key} is removed, though pod ${reader?.metadata.name} reads it`)
    }
  }
}

/** Nothing that git asked for goes without a commit that somebody meant. */
export function checkNothingLost({ event, record }: Step, { meant }: { readonly meant: boolean }): void {
  for (const { ref, before, after } of record) {
    if (!before || !isDesired(before) || (event.kind === 'revision' && meant)) continue
    // A bare pod that is gone is made anew, and an evicted one is on its way there.
    if (ref.kind === 'Pod' && event.kind !== 'revision' && event.kind !== 'source' && event.kind !== 'refused') continue
    check(
      after !== undefined && isDesired(after) && isEnding(after) === isEnding(before),
      () => `${ref.kind} ${ref.key} goes by a ${event.kind} event, and nobody meant it`,
    )
  }
}

function isDesired({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[sourceAnnotation] !== undefined
}

function isEnding({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined
}
