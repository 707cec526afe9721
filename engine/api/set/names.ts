import type { Manifest } from '../manifest.ts'
import type { Origin, Problem } from '../problem.ts'
import { describeRef, refOf } from '../reference.ts'
import { type ManifestSet, problemOf } from './manifest-set.ts'

export function checkDuplicates({ all }: ManifestSet): Problem[] {
  const first = new Map<string, Manifest>()
  return all.flatMap(manifest => {
    const name = describeRef(refOf(manifest.object))
    const before = first.get(name)
    if (!before) {
      first.set(name, manifest)
      return []
    }
    return problemOf(manifest, {
      severity: 'error',
      path: ['metadata', 'name'],
      text: `stands twice: ${name} is at ${placeText(before.origin)} too`,
      remedy: 'remove one of them, or give it another name',
    })
  })
}

function placeText({ file, line }: Origin): string {
  return line > 0 ? `${file}:${line}` : file
}

/** What every cluster of Kubernetes has from the start. */
const initialNamespaces: readonly string[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

/**
 * Kubernetes refuses an object whose namespace is not there, and so does this: a namespace that is made silently is
 * how a misspelt one goes unseen. One problem a namespace, at the first object that names it.
 */
export function checkNamespaces(set: ManifestSet): Problem[] {
  const known = new Set([...initialNamespaces, ...set.list('Namespace').map(({ object }) => object.metadata.name)])
  return set.all.flatMap(manifest => {
    const { namespace } = manifest.object.metadata
    if (namespace === undefined || known.has(namespace)) return []
    known.add(namespace)
    return problemOf(manifest, {
      severity: 'error',
      path: ['metadata', 'namespace'],
      text: `is "${namespace}", a namespace that no manifest declares`,
      remedy: `add a manifest: apiVersion: v1, kind: Namespace, metadata: { name: ${namespace} }`,
    })
  })
}
