import type { CoreKind, KubeObject } from './types.ts'

/** `namespace/name`, or `name` for an object that belongs to no namespace. */
export type Key = string

/** A core kind by its plain name (`Deployment`), any other as `Kind.group` (`Role.rbac.authorization.k8s.io`). */
export type KindKey = CoreKind | (string & {})

/** Which object is meant. Without its namespace it belongs to none. */
export interface Ref {
  readonly kind: KindKey
  readonly key: Key
}

/** The API group of each core kind; a kind of the same name in another group is not core. */
const coreGroups: Readonly<Record<CoreKind, string>> = {
  ConfigMap: '',
  Deployment: 'apps',
  EndpointSlice: 'discovery.k8s.io',
  Event: '',
  Job: 'batch',
  Namespace: '',
  Node: '',
  Pod: '',
  PodDisruptionBudget: 'policy',
  Release: 'gantry.dev',
  ReplicaSet: 'apps',
  Secret: '',
  Service: '',
}

export function keyOf(name: string, namespace?: string): Key {
  return namespace === undefined ? name : `${namespace}/${name}`
}

export function splitKey(key: Key): { name: string; namespace?: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** `apps/v1` → `apps`; `v1` → `''`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

export function kindKey(apiVersion: string, kind: string): KindKey {
  const group = groupOf(apiVersion)
  if (Object.hasOwn(coreGroups, kind)) return coreGroups[kind as CoreKind] === group ? kind : `${kind}.${group}`
  return group === '' ? kind : `${kind}.${group}`
}

export function refOf(object: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>): Ref {
  return {
    kind: kindKey(object.apiVersion, object.kind),
    key: keyOf(object.metadata.name, object.metadata.namespace),
  }
}

/** `Deployment shop/web`: how messages name an object. */
export function describeRef(ref: Ref): string {
  return `${ref.kind} ${ref.key}`
}
