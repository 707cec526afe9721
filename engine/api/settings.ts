import type { Problem } from './problem.ts'
import type { LabelSelector } from './types.ts'

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
    /** Whether the values of Secrets may stand in the repository unencrypted: `any` (with a warning, the default). */
    readonly secrets: 'any' | 'encrypted'
    readonly network: {
      /** What hides the pods' traffic between nodes from the network that carries it. `none` by default. */
      readonly encryption: 'none' | 'wireguard'
    }
    readonly policy: ClusterPolicy
    readonly remotes: {
      /** The hosts that charts and remote bases may come from: `ghcr.io`, `charts.example.com:8443`. None by default. */
      readonly hosts: readonly string[]
    }
  }
}

/** What every object of the branch must keep to, beyond what Kubernetes asks for. */
export interface ClusterPolicy {
  /** Rules that come with Gantry, by name, with what breaking them is. */
  readonly starter: Readonly<Record<string, Problem['severity']>>
  /** Where images may come from, for `allowed-registries`: `ghcr.io`, or `ghcr.io/acme` and all below it. */
  readonly registries: readonly string[]
  readonly rules: readonly PolicyRule[]
}

/** The words are those of a ValidatingAdmissionPolicy. A rule has validations, a schema, or both. */
export interface PolicyRule {
  readonly name: string
  /** `error` by default. */
  readonly severity?: Problem['severity']
  /** The objects that it is about; all of them by default. */
  readonly match?: PolicyMatch
  /** … but for these. */
  readonly exclude?: PolicyMatch
  /** The rule is about objects only for which all of these are true. */
  readonly matchConditions?: readonly PolicyExpression[]
  /** Read by later expressions as `variables.NAME`. */
  readonly variables?: readonly PolicyExpression[]
  readonly validations?: readonly PolicyValidation[]
  /** JSON Schema, draft 7. */
  readonly schema?: unknown
}

/** Objects that have all that is asked for. */
export interface PolicyMatch {
  /** `Deployment`, `apps/Deployment`, or `*`. */
  readonly kinds?: readonly string[]
  readonly names?: readonly string[]
  readonly namespaces?: readonly string[]
  readonly selector?: LabelSelector
}

export interface PolicyExpression {
  readonly name: string
  /** In CEL. */
  readonly expression: string
}

export interface PolicyValidation {
  /** In CEL; true for an object that keeps the rule. */
  readonly expression: string
  readonly message?: string
  /** In CEL; gives the message, unless it fails or gives none. */
  readonly messageExpression?: string
  /** The field that is to blame, as in a CustomResourceDefinition: `.spec.replicas`. */
  readonly fieldPath?: string
}

/** The rules that come with Gantry. */
export const starterRules = [
  'no-latest-tag',
  'limits-set',
  'probes-set',
  'no-privileged',
  'no-host-access',
  'allowed-registries',
] as const

export type StarterRule = (typeof starterRules)[number]

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
    secrets: 'any',
    network: { encryption: 'none' },
    policy: { starter: {}, registries: [], rules: [] },
    remotes: { hosts: [] },
  },
}
