import type { NodeName } from '../api/types.ts'
import type { Manifest, Revision } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import type { ClusterSettings } from '../api/settings.ts'
import type { EventReport, NodeReport, PodReport, ServiceProblem } from '../protocol/session.ts'
import type { ObjectChange } from '../cluster/view.ts'

/** What the outside told the core. */
export type Event =
  /** Rendered, valid, allowed by the guards. */
  | {
      readonly kind: 'revision'
      readonly revision: Revision
      readonly manifests: readonly Manifest[]
      readonly settings: ClusterSettings
      /** Warnings of the accepted commit. */
      readonly problems: readonly Problem[]
    }
  /** A commit was not applied: invalid (`rejected`) or held by a guard (`waiting`). The last good one stays. */
  | {
      readonly kind: 'refused'
      readonly revision: Revision
      readonly verdict: 'rejected' | 'waiting'
      readonly problems: readonly Problem[]
    }
  /** The source cannot be read; without a message it can again. */
  | { readonly kind: 'source'; readonly message?: string }
  /** An agent's session began (its node as it reports itself) or ended. */
  | { readonly kind: 'joined'; readonly node: NodeReport; readonly podCIDR: string }
  | { readonly kind: 'node'; readonly node: NodeReport }
  | { readonly kind: 'left'; readonly node: NodeName }
  /** Somebody says that a node will not be back. */
  | { readonly kind: 'removed'; readonly node: NodeName }
  /** Agents that have said since then (env.now) that they are there. */
  | { readonly kind: 'heartbeats'; readonly nodes: readonly NodeName[]; readonly since: number }
  | { readonly kind: 'report'; readonly node: NodeName; readonly pods: readonly PodReport[] }
  | { readonly kind: 'events'; readonly node: NodeName; readonly events: readonly EventReport[] }
  | { readonly kind: 'services'; readonly node: NodeName; readonly problems: readonly ServiceProblem[] }
  | { readonly kind: 'acknowledged'; readonly node: NodeName; readonly resourceVersion: number }
  /** Time passed: env.now. */
  | { readonly kind: 'clock' }

/** What the core wants done, strictly in this order: nothing is sent before what it follows from is durable. */
export interface Effects {
  /** 1. Commit to the observed branch what was decided; then tell the watchers of every change. */
  readonly record: readonly ObjectChange[]
  /** 2. Then tell the agents: there is something in `assignments` for them. */
  readonly news: boolean
  /** 3. The next moment (env.now) at which something falls due. */
  readonly wakeAt: number | undefined
}
