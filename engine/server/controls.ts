import type { Duplex } from 'node:stream'
import type { ClusterObject } from '../api/cluster-object.ts'
import type { Revision } from '../api/manifest.ts'
import type { DrainOptions } from '../api/drain.ts'
import type { NodeName, Time } from '../api/types.ts'
import type { FleetControls } from './fleet-api.ts'
import type { StreamRequest } from '../protocol/streams.ts'

/** What the engine does for its owner beyond serving what is: the server only passes on. */
export interface EngineControls {
  status(): EngineStatus
  /** Desired commits, newest first. */
  history(options: { limit: number }): Promise<readonly HistoryEntry[]>
  /**
   * Makes one new commit on the followed branch whose followed tree equals `commit`'s; without one, that of the last
   * healthy commit before the applied one. Rejects with Refused.
   */
  rollback(options: { commit?: string }): Promise<Rollback>
  readonly fleet: FleetControls
  /**
   * Makes one new commit on the followed branch that cordons, uncordons or drains a node; without one where the branch says
   * so already. Rejects with Refused.
   */
  changeNode(node: NodeName, change: NodeChange): Promise<NodeChanged>
  /** Asks the engine to end, so that `gantry down` can stop the pods. */
  down(): void
}

export interface EngineStatus {
  /** Gantry's own version. */
  readonly version: string
  readonly startedAt: Time
  readonly clusterName: string
  /** Absent until the cluster's object is there, moments after the very first start. */
  readonly cluster?: ClusterObject
  readonly source: {
    /** What to clone and push to, without credentials. */
    readonly url: string
    readonly branch: string
    /** When the source was last read with success. */
    readonly fetchedAt?: Time
  }
  readonly record: {
    /** `observed/hello`. */
    readonly branch: string
    /** The newest record commit. */
    readonly commit?: string
    /** Changes that wait to be recorded. */
    readonly pending: number
    /** Why recording fails; absent while it succeeds. */
    readonly problem?: string
    /** The remote copy of the observed branch, where there is one. */
    readonly mirror?: { readonly url: string; readonly lagSeconds: number; readonly problem?: string }
  }
}

export interface HistoryEntry {
  readonly revision: Revision
  /** Absent for a commit that was never applied. */
  readonly appliedAt?: Time
  readonly healthyAt?: Time
  /** Applied now. */
  readonly current: boolean
  /** Why it was not applied. */
  readonly refused?: 'rejected' | 'waiting'
}

export interface Rollback {
  /** The new commit. */
  readonly commit: string
  /** The commit whose tree it restores. */
  readonly restored: Revision
}

export type NodeChange = { readonly kind: 'cordon' | 'uncordon' } | ({ readonly kind: 'drain' } & DrainOptions)

export interface NodeChanged {
  /** The new commit; absent where the branch said so already. */
  readonly commit?: string
  readonly branch: string
}

/** Something that the engine was asked and will not do; the remedy says what would help. */
export class Refused extends Error {
  readonly remedy: string
  constructor(message: string, remedy: string) {
    super(message)
    this.name = 'Refused'
    this.remedy = remedy
  }
}

/**
 * Opens a stream to a node's agent; the signal tells that the client went away. Resolves once the agent has begun what it
 * is asked for. Rejects with StreamRefused.
 */
export type OpenStream = (node: NodeName, request: StreamRequest, signal: AbortSignal) => Promise<Duplex>

/** What `/readyz` says. */
export interface Readiness {
  readonly ok: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message?: string }[]
}
