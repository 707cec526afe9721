import type { KindKey, Ref } from '../api/reference.ts'
import { compareText } from '../api/stable.ts'

/**
 * In which order kinds are put, so that nothing comes before what it needs: namespaces and definitions, then
 * configuration and storage, then services, then workloads. Deletions run the other way round.
 */
const tiers: readonly (readonly KindKey[])[] = [
  ['Namespace', 'Node'],
  ['CustomResourceDefinition.apiextensions.k8s.io', 'PriorityClass.scheduling.k8s.io', 'RuntimeClass.node.k8s.io'],
  ['ResourceQuota', 'LimitRange', 'NetworkPolicy.networking.k8s.io', 'PodDisruptionBudget'],
  [
    'ServiceAccount',
    'ClusterRole.rbac.authorization.k8s.io',
    'Role.rbac.authorization.k8s.io',
    'ClusterRoleBinding.rbac.authorization.k8s.io',
    'RoleBinding.rbac.authorization.k8s.io',
  ],
  ['ConfigMap', 'Secret'],
  ['StorageClass.storage.k8s.io', 'PersistentVolume', 'PersistentVolumeClaim'],
  ['Service', 'EndpointSlice', 'Endpoints'],
]
const workloads: readonly KindKey[] = [
  'Pod',
  'ReplicaSet',
  'ReplicationController',
  'Deployment',
  'StatefulSet.apps',
  'DaemonSet.apps',
  'Job',
  'CronJob.batch',
]

const rankOf: ReadonlyMap<KindKey, number> = new Map([
  ...tiers.flatMap((kinds, rank) => kinds.map(kind => [kind, rank] as const)),
  ...workloads.map(kind => [kind, tiers.length] as const),
])
/** What scales, routes to or is defined by other things (an autoscaler, an Ingress, a custom resource) comes last. */
const lastRank = tiers.length + 1

/** By tier, then kind, then key: the same steps in the same order whatever order the files had. */
export function inOrder<Step extends { readonly ref: Ref }>(steps: readonly Step[]): Step[] {
  return [...steps].sort((a, b) => compareRefs(a.ref, b.ref))
}

export function compareRefs(a: Ref, b: Ref): number {
  return rank(a) - rank(b) || compareText(a.kind, b.kind) || compareText(a.key, b.key)
}

function rank({ kind }: Ref): number {
  return rankOf.get(kind) ?? lastRank
}
