import type { KubeObject, Time } from './types.ts'
import type { Revision } from './manifest.ts'
import type { Problem } from './problem.ts'
import type { ClusterSettings } from './settings.ts'

/**
 * The cluster itself as an object (`gantry.dev/v1`, kind Cluster, no namespace, one per cluster): which commit is
 * applied, how healthy that is, what is wrong. Recorded as `cluster.yaml`, watched like any other object.
 */
export interface ClusterObject extends KubeObject {
  readonly apiVersion: 'gantry.dev/v1'
  readonly kind: 'Cluster'
  readonly spec: ClusterSettings['spec']
  readonly status: ClusterStatus
}

export interface ClusterStatus {
  /** The commit that is applied; absent before the first. */
  readonly revision?: Revision
  readonly appliedAt?: Time
  /** Progressing until what the commit asks for is ready; Degraded where that failed or broke. */
  readonly health: 'Progressing' | 'Healthy' | 'Degraded'
  readonly healthyAt?: Time
  /** In words, what health waits for or what broke: `Deployment shop/web: 1/3 available`. */
  readonly unhealthy: readonly string[]
  /** Warnings of the applied commit. */
  readonly problems: readonly Problem[]
  /** The newest commit, where it was not applied. */
  readonly refused?: {
    readonly revision: Revision
    readonly verdict: 'rejected' | 'waiting'
    readonly problems: readonly Problem[]
  }
  /** How far the applied commit has come, where not all of it is applied at once. */
  readonly rollout?: RolloutStatus
  /** Why the source cannot be read. */
  readonly sourceProblem?: string
}
/** Decided with the commit, and kept as long as it is applied: so a hook runs once, whenever the engine starts anew. */
export interface RolloutStatus {
  readonly hooks: readonly HookStatus[]
  /** In words, what is not applied yet, and what it waits for: `wave 1 waits for Deployment shop/db`. */
  readonly waiting: readonly string[]
  /** The releases that are among what waits: `shop/db`. */
  readonly releases?: readonly string[]
}
export interface HookStatus {
  /** `pre-upgrade hook Job shop/migrate` */
  readonly hook: string
  /** `Due` from when the first object of its release was applied. */
  readonly state: 'Waiting' | 'Due' | 'Running' | 'Succeeded' | 'Failed'
  /** Absent where it is of none. */
  readonly release?: string
}
/** The KindKey of a ClusterObject. */
export const clusterKind = 'Cluster.gantry.dev'
