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
      /** `strict`: only nodes that a manifest of the branch names may join. `open` by default. */
      readonly admission: 'open' | 'strict'
      /** Seconds of silence after which a node is NotReady: kube-controller-manager's --node-monitor-grace-period. 10. */
      readonly monitorGracePeriodSeconds: number
      /**
       * Seconds until pods of a node that is NotReady because it went silent are replaced, unless they say otherwise
       * themselves: kube-apiserver's --default-unreachable-toleration-seconds. 30 by default.
       */
      readonly unreachableTolerationSeconds: number
      /** … or because it says so itself: --default-not-ready-toleration-seconds. 30 by default. */
      readonly notReadyTolerationSeconds: number
    }
    readonly network: {
      /** What hides the pods' traffic between nodes from the network that carries it. `none` by default. */
      readonly encryption: 'none' | 'wireguard'
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
    nodes: {
      admission: 'open',
      monitorGracePeriodSeconds: 10,
      unreachableTolerationSeconds: 30,
      notReadyTolerationSeconds: 30,
    },
    network: { encryption: 'none' },
  },
}
