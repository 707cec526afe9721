import { checkObject } from '../../api/check.ts'
import type { Problem } from '../../api/problem.ts'
import type { KubeObject } from '../../api/types.ts'
import { defaultNamespace } from '../unit.ts'
import { buildKustomization, type Built } from './build.ts'
import { RenderFailure } from '../failure.ts'
import { Needed, knownTree } from '../known-paths.ts'
import type { TreeAnswer, TreeResult, WithPaths } from '../tree-result.ts'

/** A folder to build. */
export interface BuildRequest {
  readonly folder: string
}

export interface BuiltUnit extends TreeResult {
  /** The folders of bases and components that it is built from. */
  readonly folders: readonly string[]
  readonly isComponent: boolean
}

/** Builds as far as the given paths go. */
export function answerBuild(bytes: Uint8Array, { validate }: { readonly validate: boolean }): TreeAnswer<BuiltUnit> {
  const { folder, paths }: WithPaths<BuildRequest> = JSON.parse(new TextDecoder().decode(bytes))
  const asked = new Set<string>()
  try {
    const built = buildKustomization(knownTree(paths, asked), folder)
    const checked = built.resources.map(resource => check(resource, validate))
    return {
      manifests: checked.flatMap(({ manifests }) => manifests),
      problems: checked.flatMap(({ problems }) => problems),
      asked: [...asked],
      secret: built.secret,
      folders: [...built.folders],
      isComponent: built.isComponent,
    }
  } catch (error) {
    if (error instanceof Needed) return { needs: error.path }
    if (!(error instanceof RenderFailure)) throw error
    const { message, origin, remedy } = error
    const problem: Problem = { ...origin, severity: 'error', message, ...(remedy === undefined ? {} : { remedy }) }
    return { manifests: [], problems: [problem], asked: [...asked], secret: true, folders: [], isComponent: false }
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
