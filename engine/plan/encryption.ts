import type { Problem } from '../api/problem.ts'
import type { ClusterSettings } from '../api/settings.ts'
import { hasJoined } from '../cluster/objects/node-state.ts'
import { conditionOf } from '../cluster/objects/conditions.ts'
import type { ClusterView } from '../cluster/view.ts'
import { wireguardCondition, wireguardKeyOf } from '../protocol/encryption.ts'

/** Nodes that could not reach the others' pods, were packets between nodes encrypted as a commit wants. An error each. */
export function checkEncryption(cluster: ClusterView, settings: ClusterSettings): Problem[] {
  if (settings.spec.network.encryption === 'none') return []
  return cluster
    .list('Node')
    .filter(node => hasJoined(node) && node.spec.podCIDR?.startsWith('127.') === false)
    .flatMap(({ metadata, status }): Problem[] => {
      if (wireguardKeyOf(status?.conditions) !== undefined) return []
      const why = conditionOf(status?.conditions, wireguardCondition)?.message ?? 'its agent does not say that it can'
      return [
        {
          ...{ file: 'gantry.yaml', line: 0, column: 0, severity: 'error' },
          message: `spec.network.encryption is wireguard, and node ${metadata.name} cannot encrypt: ${why}`,
          remedy: 'do that and push again, remove the node, or write encryption: none',
          object: `Node ${metadata.name}`,
          field: 'spec.network.encryption',
        },
      ]
    })
}
