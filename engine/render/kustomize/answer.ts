import { defaultNamespace } from '../../api/manifest.ts'
import { checkResource, problemOf, type CheckedResource } from '../check-resource.ts'
import { unchecked } from '../sops/manifests.ts'
import { buildKustomization, type Built } from './build.ts'
import { RenderFailure } from '../failure.ts'
import { Needed, isOpened, knownTree } from '../known-paths.ts'
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
  const opened = paths.flatMap(([file, known]) => (isOpened(known) ? [{ file, known }] : []))
  try {
    const tree = knownTree(new Map(paths), asked)
    const check = ({ resources }: Built): readonly CheckedResource[] =>
      resources.map(resource => checkResource(resource, { validate, defaultNamespace }))
    const built = buildKustomization(tree, folder)
    const first = check(built)
    // What made a value wrong takes another build to tell: it is made where something is wrong.
    const isWrong = first.some(({ problems }) => problems.some(({ severity }) => severity === 'error'))
    const checked = isWrong ? check(buildKustomization(tree, folder, { traced: true })) : first
    return {
      manifests: checked.flatMap(({ manifests }) => manifests),
      problems: [
        ...opened.flatMap(({ file, known }) => (known.unchecked ? [{ file, ...known.unchecked, ...unchecked }] : [])),
        ...checked.flatMap(({ problems }) => problems),
      ],
      asked: [...asked],
      secret: built.secret || opened.length > 0,
      folders: [...built.folders],
      isComponent: built.isComponent,
    }
  } catch (error) {
    if (error instanceof Needed) return { needs: error.path }
    if (!(error instanceof RenderFailure)) throw error
    const problems = [problemOf(error)]
    return { manifests: [], problems, asked: [...asked], secret: true, folders: [], isComponent: false }
  }
}
