import { clusterKind, type ClusterObject } from '../../engine/api/cluster-object.ts'
import type { Revision } from '../../engine/api/manifest.ts'
import type { Cluster } from '../../engine/cluster/cluster.ts'

export function statusOfCluster(cluster: Cluster): ClusterObject['status'] | undefined {
  return (cluster.get(clusterKind, 'sim') as ClusterObject | undefined)?.status
}

/** The commit that is applied, by the cluster's own word. */
export function appliedRevision(cluster: Cluster): Revision | undefined {
  return statusOfCluster(cluster)?.revision
}
