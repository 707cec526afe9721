import { once } from './once.ts'
import type { KubeObject } from './types.ts'

/** When in a commit an object has its turn: annotations of Gantry's own, of Argo CD and of Helm. */

/** Objects of a lower wave are healthy before those of the next are applied. The first that is given counts. */
export const waveAnnotations = ['gantry.dev/wave', 'argocd.argoproj.io/sync-wave'] as const
export const helmHookAnnotation = 'helm.sh/hook'
export const helmWeightAnnotation = 'helm.sh/hook-weight'
export const argoHookAnnotation = 'argocd.argoproj.io/hook'
export const deletePolicyAnnotations = ['helm.sh/hook-delete-policy', 'argocd.argoproj.io/hook-delete-policy'] as const

/** The moments of a release at which hooks are run. */
export const hookEvents = ['pre-install', 'pre-upgrade', 'post-install', 'post-upgrade'] as const
export type HookEvent = (typeof hookEvents)[number]

export interface Hook {
  /** Empty: it is never run. */
  readonly events: readonly HookEvent[]
  /** Lower ones run first, one after the other. */
  readonly weight: number
  readonly deletedWhenSucceeded: boolean
  readonly deletedWhenFailed: boolean
}

/** What Argo CD calls the moments. */
export const argoEvents: Readonly<Record<string, readonly HookEvent[]>> = {
  PreSync: ['pre-install', 'pre-upgrade'],
  PostSync: ['post-install', 'post-upgrade'],
}

export function waveOf({ metadata: { annotations } }: KubeObject): number {
  if (annotations === undefined) return 0
  const [own, argo] = waveAnnotations
  return Number(annotations[own] ?? annotations[argo] ?? 0)
}

/** Undefined: an object like any other. */
export function hookOf(object: KubeObject): Hook | undefined {
  return object.metadata.annotations === undefined ? undefined : readHook(object)
}

const readHook = once((object: KubeObject): Hook | undefined => {
  const { annotations = {} } = object.metadata
  const [helm, argo] = [annotations[helmHookAnnotation], annotations[argoHookAnnotation]]
  if (helm === undefined && argo === undefined) return undefined
  const named = new Set([...words(helm), ...words(argo).flatMap(word => argoEvents[word] ?? [])])
  const policies = new Set(deletePolicyAnnotations.flatMap(name => words(annotations[name])))
  return {
    events: hookEvents.filter(event => named.has(event)),
    weight: Number(annotations[helmWeightAnnotation] ?? waveOf(object)),
    deletedWhenSucceeded: policies.has('hook-succeeded') || policies.has('HookSucceeded'),
    deletedWhenFailed: policies.has('hook-failed') || policies.has('HookFailed'),
  }
})

/** `pre-install, pre-upgrade` → both. */
export function words(list: string | undefined): string[] {
  return (list ?? '').split(',').flatMap(word => (word.trim() === '' ? [] : [word.trim()]))
}
