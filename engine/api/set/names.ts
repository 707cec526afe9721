import type { Manifest } from '../manifest.ts'
import type { Origin, Problem } from '../problem.ts'
import { describeRef, refOf } from '../reference.ts'
import { type ManifestSet, problemOf } from './manifest-set.ts'

export function checkDuplicates({ doubles }: ManifestSet): Problem[] {
  return doubles.map(({ manifest, first }) =>
    problemOf(manifest, {
      severity: 'error',
      path: ['metadata', 'name'],
      text: `stands twice: ${describeRef(refOf(manifest.object))} is at ${placeText(first.origin)} too`,
      remedy: 'remove one of them, or give it another name',
    }),
  )
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
export function checkNamespaces(
  named: readonly { readonly name: string; readonly first: Manifest }[],
  declared: readonly string[],
): Problem[] {
  const known = new Set(['', ...initialNamespaces, ...declared])
  return named
    .filter(({ name }) => !known.has(name))
    .map(({ name, first }) =>
      problemOf(first, {
        severity: 'error',
        path: ['metadata', 'namespace'],
        text: `is "${name}", a namespace that no manifest declares`,
        remedy: `add a manifest: apiVersion: v1, kind: Namespace, metadata: { name: ${name} }`,
      }),
    )
}
