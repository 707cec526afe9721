/** What may be decided for a pod. */

/** Each action has one target: a container, or the pod as a whole. One action a target runs at a time. */
export type PodAction =
  | { readonly kind: 'createSandbox' }
  | { readonly kind: 'removeSandbox' }
  /** What the volumes are made of changed. */
  | { readonly kind: 'updateVolumes' }
  /** Volumes, address and what is kept on disk go; the engine is told. */
  | { readonly kind: 'release' }
  | StartContainer
  | StopContainer
  | { readonly kind: 'removeContainer'; readonly container: string; readonly id: string }

export interface StartContainer {
  readonly kind: 'startContainer'
  readonly container: string
  readonly attempt: number
  /** When the run that this one replaces ended, where it counts as a failure. */
  readonly failedAt?: number
}

export interface StopContainer {
  readonly kind: 'stopContainer'
  readonly container: string
  readonly id: string
  readonly graceSeconds: number
  /** True: a stop is under way already that would wait longer. */
  readonly shortens?: true
  readonly because: 'liveness' | 'startup' | 'ending' | 'sandbox lost' | 'pod finished'
}

/** A container's name, or `podTarget`. */
export type Target = string
export const podTarget: Target = ''

export function targetOf(action: PodAction): Target {
  return 'container' in action ? action.container : podTarget
}

/** What is under way at a target. A pull can be abandoned: it comes before anything of the container exists. */
export type Busy = PodAction['kind'] | 'pullImage'

export interface Waiting {
  readonly reason: string
  readonly message?: string
}

export interface Decision {
  readonly actions: readonly PodAction[]
  /** Why containers that should run do not, by name. */
  readonly waiting: ReadonlyMap<string, Waiting>
  /** When deciding again may give something else, though nothing was seen meanwhile. */
  readonly wakeAt: number | undefined
}

export const nothing: Decision = { actions: [], waiting: new Map(), wakeAt: undefined }

export function act(...actions: readonly PodAction[]): Decision {
  return { ...nothing, actions }
}

export function wakeAt(time: number): Decision {
  return { ...nothing, wakeAt: time }
}

export function waiting(container: string, { reason, message }: Waiting): Decision {
  return { ...nothing, waiting: new Map([[container, { reason, ...(message !== undefined && { message }) }]]) }
}

export function join(...decisions: readonly Decision[]): Decision {
  const wakes = decisions.flatMap(decision => decision.wakeAt ?? [])
  return {
    actions: decisions.flatMap(decision => decision.actions),
    waiting: new Map(decisions.flatMap(decision => Array.from(decision.waiting))),
    wakeAt: wakes.length > 0 ? Math.min(...wakes) : undefined,
  }
}
