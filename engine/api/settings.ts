/** `kind: Cluster` in `gantry.yaml`: a cluster's own settings, after defaulting. */
export interface ClusterSettings {
  readonly apiVersion: 'gantry.dev/v1'
  readonly kind: 'Cluster'
  readonly metadata: { readonly name?: string }
  readonly spec: {
    /** Folders of the branch that are followed; `['.']` by default. */
    readonly paths: readonly string[]
    readonly guards: {
      /** A commit that would remove more than this share of the cluster's objects waits. Percent, 50 by default. */
      readonly maxDeletionPercent: number
      /** … unless it removes no more than this many. 5 by default. */
      readonly minDeletions: number
    }
    /** Public SSH keys (authorized_keys lines) one of which must have signed a commit; empty: none is asked for. */
    readonly trustedSigners: readonly string[]
    readonly nodes: {
      /** Seconds until pods of a node that went silent are replaced. 30 by default. */
      readonly unreachableTolerationSeconds: number
    }
  }
}

export const defaultSettings: ClusterSettings = {
  apiVersion: 'gantry.dev/v1',
  kind: 'Cluster',
  metadata: {},
  spec: {
    paths: ['.'],
    guards: { maxDeletionPercent: 50, minDeletions: 5 },
    trustedSigners: [],
    nodes: { unreachableTolerationSeconds: 30 },
  },
}
