import type { Container, KubeObject, Pod, Volume } from '../../engine/api/types.ts'
import type { Mirror } from '../mirror.ts'
import { allContainers } from '../spec/containers.ts'

/** The ConfigMaps and Secrets that a pod refers to, in the order of its spec. */
function referencesOf(pod: Pod): readonly Reference[] {
  return [...allContainers(pod).flatMap(referencesOfContainer), ...(pod.spec.volumes ?? []).flatMap(referencesOfVolume)]
}

/** As they are now, undefined where one is missing. An object that changes is another object. */
function referredObjects(
  references: readonly Reference[],
  { namespace, mirror }: { namespace: string; mirror: Pick<Mirror, 'configMap' | 'secret'> },
): readonly (KubeObject | undefined)[] {
  return references.map(({ kind, name }) =>
    kind === 'ConfigMap' ? mirror.configMap(namespace, name) : mirror.secret(namespace, name),
  )
}

/** What one pod refers to, as it was last seen. */
export class Sources {
  #spec: Pod['spec'] | undefined
  #references: readonly Reference[] = []
  #objects: readonly (KubeObject | undefined)[] = []

  /** True where any of it is another object than before. */
  refresh(pod: Pod, mirror: Mirror): boolean {
    if (pod.spec !== this.#spec) this.#references = referencesOf(pod)
    this.#spec = pod.spec
    const before = this.#objects
    const { namespace = '' } = pod.metadata
    this.#objects = referredObjects(this.#references, { namespace, mirror })
    return this.#objects.length !== before.length || this.#objects.some((object, index) => object !== before[index])
  }
}

export function mountsPodFields({ spec }: Pod): boolean {
  return spec.volumes?.some(({ downwardAPI, projected }) => downwardAPI ?? projected) ?? false
}

interface Reference {
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
