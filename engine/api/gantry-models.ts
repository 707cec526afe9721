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
    policy: 'GantryV1ClusterPolicy',
  },
  GantryV1ClusterGuards: { maxDeletionPercent: 'int32', minDeletions: 'int32' },
  GantryV1ClusterNodes: {
    admission: 'string',
    monitorGracePeriodSeconds: 'int32',
    unreachableTolerationSeconds: 'int32',
    notReadyTolerationSeconds: 'int32',
  },
  GantryV1ClusterNetwork: { encryption: 'string' },
  GantryV1ClusterPolicy: { starter: 'string{}', registries: 'string[]', rules: 'GantryV1PolicyRule[]' },
  GantryV1PolicyRule: {
    name: 'string!',
    severity: 'string',
    match: 'GantryV1PolicyMatch',
    exclude: 'GantryV1PolicyMatch',
    matchConditions: 'GantryV1PolicyExpression[]',
    variables: 'GantryV1PolicyExpression[]',
    validations: 'GantryV1PolicyValidation[]',
    schema: 'any',
  },
  GantryV1PolicyMatch: {
    kinds: 'string[]',
    names: 'string[]',
    namespaces: 'string[]',
    selector: 'V1LabelSelector',
  },
  GantryV1PolicyExpression: { name: 'string!', expression: 'string!' },
  GantryV1PolicyValidation: {
    expression: 'string!',
    message: 'string',
    messageExpression: 'string',
    fieldPath: 'string',
  },
}
