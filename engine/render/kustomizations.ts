import type { Manifest } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import type { CommitFiles } from './commit-files.ts'
import { FlatMap } from './flat-map.ts'
import type { BuildRequest, BuiltUnit } from './kustomize/answer.ts'
import { kustomizationFiles } from './kustomize/kustomization.ts'
import { pathIn, splitPath } from './tree.ts'
import type { TreeUnitKind } from './tree-unit.ts'
import type { TreeUnitReader } from './tree-unit-reader.ts'

export const kustomizationUnit: TreeUnitKind<'kustomization'> = {
  name: 'kustomization',
  first: ({ folder }) => pathIn(folder, kustomizationFiles[0]),
  likeness: ({ folder }) => splitPath(folder).folder,
  file: ({ folder }) => pathIn(folder, kustomizationFiles[0]),
  failed: ({ folder }, failure) => ({
    manifests: [],
    problems: [
      {
        file: folder || '.',
        line: 0,
        column: 0,
        severity: 'error',
        message: `the kustomization ${failure}`,
        remedy: 'split it, or leave it out with .gantryignore',
      },
    ],
    asked: [],
    secret: true,
    folders: [],
    isComponent: false,
  }),
}

/** What all units give together, kept for the next commit, which mostly has nearly all of them. */
export class BuildSums {
  readonly bases = new FlatMap(({ folders }: BuiltUnit) => folders)
  readonly manifests = new FlatMap((unit: BuiltUnit) => unit.manifests)
  readonly problems = new FlatMap((unit: BuiltUnit) => unit.problems)
}

/**
 * What the kustomizations of a commit give. One that another is built from (a base) is not applied by itself, nor is a
 * Component: their objects come through the overlays, as with Flux and Argo CD, which build the folders that they are told.
 */
export async function buildAll(
  requests: readonly BuildRequest[],
  {
    files,
    reader,
    sums,
  }: { readonly files: CommitFiles; readonly reader: TreeUnitReader<'kustomization'>; readonly sums: BuildSums },
): Promise<{ manifests: readonly Manifest[]; problems: readonly Problem[] }> {
  const units = await reader.readAll(files, requests)
  const bases = new Set(sums.bases.of(units))
  const applied = units.filter(({ isComponent }, index) => !isComponent && !bases.has(requests[index]?.folder ?? ''))
  return { manifests: sums.manifests.of(applied), problems: sums.problems.of(applied) }
}
