import type { Problem } from '../problem.ts'
import type { FieldPath } from '../report.ts'
import type { Container, KeySelector, KeyToPath, PodSpec, VolumeProjection } from '../types.ts'
import { once } from '../once.ts'
import { type ManifestSet, type PodSource, problemOf } from './manifest-set.ts'

/** A pod's need of a ConfigMap or Secret, or of some keys in it. */
interface Reference {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  readonly keys: readonly { readonly key: string; readonly path: FieldPath }[]
  /** Of the name. */
  readonly path: FieldPath
}

/**
 * Kubernetes lets such a pod wait for what it refers to. Here the branch is the only source of ConfigMaps and Secrets,
 * so what is not in the commit would be waited for in vain. An optional reference may stay open.
 */
export function checkReferences(set: ManifestSet): Problem[] {
  return set.podSources.flatMap(source =>
    referencesOf(source).flatMap(reference => checkReference(reference, { source, set })),
  )
}

function checkReference(reference: Reference, { source, set }: { source: PodSource; set: ManifestSet }): Problem[] {
  const { kind, name } = reference
  const { manifest } = source
  const target = set.get(kind, name)
  if (!target) {
    const meant = set.meant(name, set.names(kind))
    const { namespace = '' } = manifest.object.metadata
    return [
      problemOf(manifest, {
        severity: 'error',
        path: reference.path,
        text: `names the ${kind} "${name}", which the commit does not have in namespace ${namespace}`,
        remedy: meant === undefined ? `add the ${kind}, or write optional: true` : `did you mean ${meant}?`,
      }),
    ]
  }
  const keys = [
    ...Object.keys(target.data ?? {}),
    ...('binaryData' in target ? Object.keys(target.binaryData ?? {}) : []),
  ]
  return reference.keys
    .filter(({ key }) => !keys.includes(key))
    .map(({ key, path }) => {
      const meant = set.meant(key, keys)
      return problemOf(manifest, {
        severity: 'error',
        path,
        text: `names the key "${key}", which ${kind} ${name} does not have`,
        remedy: meant === undefined ? 'add the key, or write optional: true' : `did you mean ${meant}?`,
      })
    })
}

const referencesOf = once(({ template: { spec }, path: outer }: PodSource): readonly Reference[] => {
  const path = [...outer, 'spec']
  return [
    ...(['initContainers', 'containers'] as const).flatMap(list =>
      (spec[list] ?? []).flatMap((container, i) => referencesOfContainer(container, [...path, list, i])),
    ),
    ...referencesOfVolumes(spec, path),
  ]
})

function referencesOfContainer({ env = [], envFrom = [] }: Container, path: FieldPath): Reference[] {
  return [
    ...env.flatMap(({ valueFrom }, i) => {
      const from = [...path, 'env', i, 'valueFrom']
      return [
        ...keyReference('ConfigMap', { selector: valueFrom?.configMapKeyRef, path: [...from, 'configMapKeyRef'] }),
        ...keyReference('Secret', { selector: valueFrom?.secretKeyRef, path: [...from, 'secretKeyRef'] }),
      ]
    }),
    ...envFrom.flatMap(({ configMapRef, secretRef }, i) => [
      ...sourceReference('ConfigMap', { source: configMapRef, path: [...path, 'envFrom', i, 'configMapRef'] }),
      ...sourceReference('Secret', { source: secretRef, path: [...path, 'envFrom', i, 'secretRef'] }),
    ]),
  ]
}

function keyReference(
  kind: Reference['kind'],
  { selector, path }: { selector: KeySelector | undefined; path: FieldPath },
): Reference[] {
  if (!selector || selector.optional === true) return []
  return [{ kind, name: selector.name, keys: [{ key: selector.key, path: [...path, 'key'] }], path: [...path, 'name'] }]
}

interface Source {
  readonly name: string
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
}

function referencesOfVolumes({ volumes = [] }: PodSpec, path: FieldPath): Reference[] {
  return volumes.flatMap(({ configMap, secret, projected }, i) => {
    const here = [...path, 'volumes', i]
    return [
      ...sourceReference('ConfigMap', { source: configMap, path: [...here, 'configMap'] }),
      ...sourceReference('Secret', {
        source: secret && { ...secret, name: secret.secretName },
        path: [...here, 'secret'],
        field: 'secretName',
      }),
      ...(projected?.sources ?? []).flatMap((part, j) =>
        projectedReferences(part, [...here, 'projected', 'sources', j]),
      ),
    ]
  })
}

function projectedReferences({ configMap, secret }: VolumeProjection, path: FieldPath): Reference[] {
  return [
    ...sourceReference('ConfigMap', { source: configMap, path: [...path, 'configMap'] }),
    ...sourceReference('Secret', { source: secret, path: [...path, 'secret'] }),
  ]
}

function sourceReference(
  kind: Reference['kind'],
  { source, path, field = 'name' }: { source: Source | undefined; path: FieldPath; field?: string },
): Reference[] {
  if (!source || source.optional === true) return []
  const keys = (source.items ?? []).map(({ key }, i) => ({ key, path: [...path, 'items', i, 'key'] }))
  return [{ kind, name: source.name, keys, path: [...path, field] }]
}
