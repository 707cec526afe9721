import { equal } from '../api/stable.ts'
import type { Node } from '../api/types.ts'

/**
 * Of a Node what the other nodes need to reach its pods, and nothing more. Undefined where they cannot: it has not said
 * its address yet, or its pods have addresses of 127.0.0.0/8, which mean something else on every machine.
 */
export function peerNode({ metadata, spec, status }: Node): Node | undefined {
  const { podCIDR } = spec
  const addresses = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').slice(0, 1)
  if (podCIDR === undefined || podCIDR.startsWith('127.') || addresses.length === 0) return undefined
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: metadata.name }, spec: { podCIDR }, status: { addresses } }
}

/** Whether the other nodes are to hear of a change of a Node. */
export function isNewsToPeers(before: Node | undefined, after: Node | undefined): boolean {
  return !equal(before && peerNode(before), after && peerNode(after))
}
