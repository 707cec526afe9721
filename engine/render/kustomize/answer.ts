import { checkObject } from '../../api/check.ts'
import type { Manifest } from '../../api/manifest.ts'
import type { Problem } from '../../api/problem.ts'
import type { KubeObject } from '../../api/types.ts'
import { defaultNamespace } from '../unit.ts'
import { buildKustomization, type Built } from './build.ts'
import { RenderFailure } from '../failure.ts'
import { Needed, knownTree, type KnownPaths } from '../known-paths.ts'

/** A folder to build, and the part of the tree that is at hand. */
export interface BuildRequest {
  readonly folder: string
  readonly paths: KnownPaths
}

/** A built kustomization, or the path that is still needed for it. Plain JSON: it crosses threads. */
export type BuildAnswer = { readonly needs: string } | BuiltUnit

export interface BuiltUnit {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
  readonly asked: readonly string[]
  readonly folders: readonly string[]
  readonly isComponent: boolean
}

/** Builds as far as the given paths go. */
export function answerBuild(bytes: Uint8Array, { validate }: { readonly validate: boolean }): BuildAnswer {
  const { folder, paths }: BuildRequest = JSON.parse(new TextDecoder().decode(bytes))
  const asked = new Set<string>()
  try {
    const built = buildKustomization(knownTree(paths, asked), folder)
    const checked = built.resources.map(resource => check(resource, validate))
    return {
      manifests: checked.flatMap(({ manifests }) => manifests),
      problems: checked.flatMap(({ problems }) => problems),
      asked: [...built.asked],
      folders: [...built.folders],
      isComponent: built.isComponent,
    }
  } catch (error) {
    if (error instanceof Needed) return { needs: error.path }
    if (!(error instanceof RenderFailure)) throw error
    const { message, origin, remedy } = error
    const problem: Problem = { ...origin, severity: 'error', message, ...(remedy === undefined ? {} : { remedy }) }
    return { manifests: [], problems: [problem], asked: [...asked], folders: [], isComponent: false }
  }
}

type Resource = Built['resources'][number]

function check({ object, origin, place }: Resource, validate: boolean): Pick<BuiltUnit, 'manifests' | 'problems'> {
  if ('sops' in object) {
    const message = 'the object is encrypted with SOPS, which this version does not decrypt'
    return { manifests: [], problems: [{ ...origin, severity: 'error', message, remedy: 'leave it out' }] }
  }
  const written: unknown = object
  if (!validate) return { manifests: [{ object: written as KubeObject, origin }], problems: [] }
  const { object: checked, problems, disposition } = checkObject(object, { locate: place, defaultNamespace })
  const applied = checked !== undefined && disposition !== 'ignored'
  return { manifests: applied ? [{ object: checked, origin }] : [], problems }
}
