import type { Manifest } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import type { CommitFiles, KustomizationReader } from './kustomization-reader.ts'

/**
 * What the kustomizations of a commit give. One that another is built from (a base) is not applied by itself, nor is a
 * Component: their objects come through the overlays, as with Flux and Argo CD, which build the folders that they are told.
 */
export async function buildAll(
  folders: readonly string[],
  { files, reader }: { readonly files: CommitFiles; readonly reader: KustomizationReader },
): Promise<{ manifests: readonly Manifest[]; problems: readonly Problem[] }> {
  const units = await Promise.all(folders.map(async folder => ({ folder, unit: await reader.read(files, folder) })))
  const bases = new Set(units.flatMap(({ unit }) => unit.folders))
  const applied = units.filter(({ folder, unit }) => !bases.has(folder) && !unit.isComponent)
  return {
    manifests: applied.flatMap(({ unit }) => unit.manifests),
    problems: applied.flatMap(({ unit }) => unit.problems),
  }
}
