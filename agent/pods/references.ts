import type { Container, KubeObject, Pod, Volume } from '../../engine/api/types.ts'
import type { Mirror } from '../mirror.ts'
import { allContainers } from '../spec/containers.ts'

/** The ConfigMaps and Secrets that a pod refers to, in the order of its spec. */
export function referencesOf(pod: Pod): readonly Reference[] {
  return [...allContainers(pod).flatMap(referencesOfContainer), ...(pod.spec.volumes ?? []).flatMap(referencesOfVolume)]
}

/**
 * The objects as they are now, undefined where one is missing. Two lists that are equal item by item tell that nothing
 * of them changed: an object that changes is another object.
 */
export function referredObjects(
  references: readonly Reference[],
  { namespace, mirror }: { namespace: string; mirror: Pick<Mirror, 'configMap' | 'secret'> },
): readonly (KubeObject | undefined)[] {
  return references.map(({ kind, name }) =>
    kind === 'ConfigMap' ? mirror.configMap(namespace, name) : mirror.secret(namespace, name),
  )
}

export function mountsPodFields({ spec }: Pod): boolean {
  return spec.volumes?.some(({ downwardAPI, projected }) => downwardAPI ?? projected) ?? false
}

export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
}

function referencesOfContainer({ env = [], envFrom = [] }: Container): readonly Reference[] {
  return [
    ...env.flatMap(({ valueFrom }) => references(valueFrom?.configMapKeyRef, valueFrom?.secretKeyRef)),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => references(configMapRef, secretRef)),
  ]
}

function referencesOfVolume({ configMap, secret, projected }: Volume): readonly Reference[] {
  return [
    ...references(configMap, secret && { name: secret.secretName }),
    ...(projected?.sources ?? []).flatMap(source => references(source.configMap, source.secret)),
  ]
}

interface Named {
  readonly name: string
}

function references(configMap: Named | undefined, secret: Named | undefined): readonly Reference[] {
  return [
    ...(configMap ? [{ kind: 'ConfigMap' as const, name: configMap.name }] : []),
    ...(secret ? [{ kind: 'Secret' as const, name: secret.name }] : []),
  ]
}
