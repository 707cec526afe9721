import { checkObject } from '../api/check.ts'
import type { Manifest } from '../api/manifest.ts'
import type { Origin, Problem } from '../api/problem.ts'
import type { Locate } from '../api/report.ts'
import type { KubeObject } from '../api/types.ts'
import type { RenderFailure } from './failure.ts'
import { holdsSecrets, isStranded, plainSecret, stranded } from './sops/manifests.ts'

/** An object that a unit of several files gives, not yet checked. */
export interface Resource {
  readonly object: object
  readonly origin: Origin
  readonly place: Locate
  /** How many of its values are encrypted in the commit, where that is known. */
  readonly encrypted?: 'all' | 'some' | 'none'
}

export interface CheckOptions {
  /** Without it objects are given as they are written: neither checked nor defaulted. */
  readonly validate: boolean
  readonly defaultNamespace: string
}

export interface CheckedResource {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
}

export function checkResource(
  { object, origin, place, encrypted }: Resource,
  { validate, defaultNamespace }: CheckOptions,
): CheckedResource {
  if (isStranded(object)) return { manifests: [], problems: [{ ...origin, severity: 'error', ...stranded }] }
  if (!validate) return { manifests: [{ object: object as KubeObject, origin }], problems: [] }
  const { object: checked, problems, disposition } = checkObject(object, { locate: place, defaultNamespace })
  const applied = checked !== undefined && disposition !== 'ignored'
  const isPlain = applied && (encrypted ?? 'all') !== 'all' && holdsSecrets(checked)
  return {
    manifests: applied ? [{ object: checked, origin }] : [],
    problems: isPlain ? [...problems, { ...origin, severity: 'warning', ...plainSecret }] : problems,
  }
}

/** What a failed unit is reported as. */
export function problemOf({ message, origin, remedy }: RenderFailure): Problem {
  return { ...origin, severity: 'error', message, ...(remedy === undefined ? {} : { remedy }) }
}
