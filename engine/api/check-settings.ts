import type { Problem } from './problem.ts'
import { type Locate, Report, show } from './report.ts'
import { conform, isObject } from './conform.ts'
import { type ClusterSettings, defaultSettings } from './settings.ts'

export interface CheckedSettings {
  /** Absent where there is an error. */
  readonly settings?: ClusterSettings
  readonly problems: readonly Problem[]
}

interface GivenSettings {
  readonly metadata?: ClusterSettings['metadata']
  readonly spec?: {
    readonly paths?: readonly string[]
    readonly guards?: Partial<ClusterSettings['spec']['guards']>
    readonly trustedSigners?: readonly string[]
    readonly nodes?: Partial<ClusterSettings['spec']['nodes']>
    readonly secrets?: ClusterSettings['spec']['secrets']
    readonly network?: Partial<ClusterSettings['spec']['network']>
    readonly policy?: Partial<ClusterSettings['spec']['policy']>
    readonly remotes?: Partial<ClusterSettings['spec']['remotes']>
  }
}

/** Checks the contents of `gantry.yaml` and sets the defaults. Never throws. */
export function checkSettings(value: unknown, { locate }: { locate: Locate }): CheckedSettings {
  const report = new Report({ value, locate, object: 'Cluster' })
  if (!isObject(value)) {
    report.error([], `must be an object of kind Cluster, not ${show(value)}`, {
      remedy: `write apiVersion: ${defaultSettings.apiVersion} and kind: ${defaultSettings.kind}`,
    })
    return { problems: report.problems }
  }
  const { value: given, whole } = conform(
    value,
    { kind: 'model', name: 'GantryV1Cluster' },
    { report, hideValues: false },
  )
  for (const field of ['apiVersion', 'kind'] as const) {
    const [found, expected] = [value[field], defaultSettings[field]]
    if (typeof found === 'string' && found !== expected) {
      report.error([field], `must be ${expected} in gantry.yaml, not ${show(found)}`, {
        remedy: `write ${field}: ${expected}`,
      })
    }
  }
  if (!whole || report.failed) return { problems: report.problems }
  return { settings: withDefaults(given as GivenSettings), problems: report.problems }
}

function withDefaults({ metadata = {}, spec = {} }: GivenSettings): ClusterSettings {
  const defaults = defaultSettings.spec
  return {
    ...defaultSettings,
    metadata,
    spec: {
      paths: spec.paths ?? defaults.paths,
      guards: { ...defaults.guards, ...spec.guards },
      trustedSigners: spec.trustedSigners ?? defaults.trustedSigners,
      nodes: { ...defaults.nodes, ...spec.nodes },
      secrets: spec.secrets ?? defaults.secrets,
      network: { ...defaults.network, ...spec.network },
      policy: { ...defaults.policy, ...spec.policy },
      remotes: { ...defaults.remotes, ...spec.remotes },
    },
  }
}
