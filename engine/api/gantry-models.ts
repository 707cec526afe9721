import type { ModelTable } from './model-table.ts'

/** The fields of Gantry's own kinds, in the notation of the generated table. */
export const gantryModels: ModelTable = {
  GantryV1Cluster: {
    apiVersion: 'string!',
    kind: 'string!',
    metadata: 'GantryV1ClusterMetadata',
    spec: 'GantryV1ClusterSpec',
  },
  GantryV1ClusterMetadata: { name: 'string' },
  GantryV1ClusterSpec: {
    paths: 'string[]',
    guards: 'GantryV1ClusterGuards',
    trustedSigners: 'string[]',
    nodes: 'GantryV1ClusterNodes',
    network: 'GantryV1ClusterNetwork',
  },
  GantryV1ClusterGuards: { maxDeletionPercent: 'int32', minDeletions: 'int32' },
  GantryV1ClusterNodes: {
    admission: 'string',
    monitorGracePeriodSeconds: 'int32',
    unreachableTolerationSeconds: 'int32',
    notReadyTolerationSeconds: 'int32',
  },
  GantryV1ClusterNetwork: { encryption: 'string' },
}
