import { checkObject } from '../api/check.ts'
import type { Manifest } from '../api/manifest.ts'
import type { Origin, Problem } from '../api/problem.ts'
import type { Locate } from '../api/report.ts'
import type { KubeObject } from '../api/types.ts'
import type { RenderFailure } from './failure.ts'

/** An object that a unit of several files gives, not yet checked. */
export interface Resource {
  readonly object: object
  readonly origin: Origin
  readonly place: Locate
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
  { object, origin, place }: Resource,
  { validate, defaultNamespace }: CheckOptions,
): CheckedResource {
  if ('sops' in object) {
    const message = 'the object is encrypted with SOPS, which this version does not decrypt'
    return { manifests: [], problems: [{ ...origin, severity: 'error', message, remedy: 'leave it out' }] }
  }
  if (!validate) return { manifests: [{ object: object as KubeObject, origin }], problems: [] }
  const { object: checked, problems, disposition } = checkObject(object, { locate: place, defaultNamespace })
  const applied = checked !== undefined && disposition !== 'ignored'
  return { manifests: applied ? [{ object: checked, origin }] : [], problems }
}

/** What a failed unit is reported as. */
export function problemOf({ message, origin, remedy }: RenderFailure): Problem {
  return { ...origin, severity: 'error', message, ...(remedy === undefined ? {} : { remedy }) }
}
