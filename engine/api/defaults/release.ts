import type { Release, ReleaseValues } from '../types.ts'
import { ifGiven } from './given.ts'

type Spec = Release['spec']

/** The shape before defaulting; what must not be left out together is for the rules. */
export type GivenRelease = Omit<Release, 'spec'> & {
  readonly spec: Partial<Omit<Spec, 'chart' | 'dependsOn'>> & {
    readonly chart: Spec['chart']
    readonly dependsOn?: readonly { readonly name: string; readonly namespace?: string }[]
  }
}

export function defaultRelease({ spec, ...release }: GivenRelease): Release {
  const { metadata } = release
  const { dependsOn, ...given } = spec
  const namespace = metadata.namespace ?? 'default'
  return {
    ...release,
    spec: {
      ...given,
      releaseName: spec.releaseName ?? metadata.name,
      targetNamespace: spec.targetNamespace ?? namespace,
      ...ifGiven('valuesFrom', spec.valuesFrom, sources => sources.map(defaultSource)),
      ...ifGiven('dependsOn', dependsOn, others => others.map(other => ({ namespace, ...other }))),
    },
  }
}

function defaultSource(source: ReleaseValues): ReleaseValues {
  return 'kind' in source ? { ...source, valuesKey: source.valuesKey ?? 'values.yaml' } : source
}
