import type { KindKey } from '../api/reference.ts'
import { groupOf, kindKey } from '../api/reference.ts'
import type { KubeObject } from '../api/types.ts'

/** A kind as the API serves it. */
export interface Resource {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** How the store calls it. */
  readonly key: KindKey
}

type Row = readonly [plural: string, kind: string, names?: { short?: readonly string[]; all?: true }]

const namespacedRows: Readonly<Record<string, readonly Row[]>> = {
  v1: [
    ['configmaps', 'ConfigMap', { short: ['cm'] }],
    ['events', 'Event', { short: ['ev'] }],
    ['limitranges', 'LimitRange', { short: ['limits'] }],
    ['pods', 'Pod', { short: ['po'], all: true }],
    ['resourcequotas', 'ResourceQuota', { short: ['quota'] }],
    ['secrets', 'Secret'],
    ['serviceaccounts', 'ServiceAccount', { short: ['sa'] }],
    ['services', 'Service', { short: ['svc'], all: true }],
  ],
  'apps/v1': [
    ['deployments', 'Deployment', { short: ['deploy'], all: true }],
    ['replicasets', 'ReplicaSet', { short: ['rs'], all: true }],
  ],
  'discovery.k8s.io/v1': [['endpointslices', 'EndpointSlice']],
  'networking.k8s.io/v1': [['networkpolicies', 'NetworkPolicy', { short: ['netpol'] }]],
  'policy/v1': [['poddisruptionbudgets', 'PodDisruptionBudget', { short: ['pdb'] }]],
  'rbac.authorization.k8s.io/v1': [
    ['rolebindings', 'RoleBinding'],
    ['roles', 'Role'],
  ],
}

const clusterRows: Readonly<Record<string, readonly Row[]>> = {
  v1: [
    ['namespaces', 'Namespace', { short: ['ns'] }],
    ['nodes', 'Node', { short: ['no'] }],
  ],
  'gantry.dev/v1': [['clusters', 'Cluster']],
  'rbac.authorization.k8s.io/v1': [
    ['clusterrolebindings', 'ClusterRoleBinding'],
    ['clusterroles', 'ClusterRole'],
  ],
}

/** What is served even while there is no object of it: what Gantry acts on, and what tools ask for as a matter of course. */
export const knownResources: readonly Resource[] = [
  ...resources(namespacedRows, true),
  ...resources(clusterRows, false),
]

const knownByKey = new Map(knownResources.map(resource => [resource.key, resource]))

function resources(rows: Readonly<Record<string, readonly Row[]>>, namespaced: boolean): Resource[] {
  return Object.entries(rows).flatMap(([apiVersion, kinds]) =>
    kinds.map(([plural, kind, names]) => ({
      ...named(apiVersion, kind),
      plural,
      namespaced,
      shortNames: names?.short ?? [],
      categories: names?.all === true ? ['all'] : [],
    })),
  )
}

function named(apiVersion: string, kind: string): Pick<Resource, 'group' | 'version' | 'singular' | 'kind' | 'key'> {
  return {
    group: groupOf(apiVersion),
    version: apiVersion.slice(apiVersion.indexOf('/') + 1),
    singular: kind.toLowerCase(),
    kind,
    key: kindKey(apiVersion, kind),
  }
}

/** The resource of a kind that is only kept, told from one of its objects. */
export function resourceOf(object: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>): Resource {
  const known = knownByKey.get(kindKey(object.apiVersion, object.kind))
  if (known !== undefined) return known
  return {
    ...named(object.apiVersion, object.kind),
    plural: pluralOf(object.kind.toLowerCase()),
    namespaced: object.metadata.namespace !== undefined,
    shortNames: [],
    categories: [],
  }
}

export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`
}

/** As Kubernetes guesses it: `ingress` → `ingresses`, `networkpolicy` → `networkpolicies`. */
function pluralOf(singular: string): string {
  if (/(s|x|z|ch|sh)$/.test(singular)) return `${singular}es`
  return /[^aeiou]y$/.test(singular) ? `${singular.slice(0, -1)}ies` : `${singular}s`
}
