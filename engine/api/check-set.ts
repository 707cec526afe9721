import type { Manifest } from './manifest.ts'
import type { Problem } from './problem.ts'
import { ManifestSet } from './set/manifest-set.ts'
import { checkDuplicates, checkNamespaces } from './set/names.ts'
import { checkReferences } from './set/references.ts'
import { checkServices } from './set/services.ts'

/**
 * What only the manifests of a commit together can show: objects that stand twice, references to what is not there,
 * Services that reach nothing. Each manifest has passed `checkObject`. Problems come in the order of the manifests.
 */
export function checkSet(manifests: readonly Manifest[]): Problem[] {
  const set = new ManifestSet(manifests)
  return [checkDuplicates, checkNamespaces, checkReferences, checkServices].flatMap(check => check(set))
}
