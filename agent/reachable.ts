import type { EndpointSlice, NodeName } from '../engine/api/types.ts'
import type { NetworkMode } from '../engine/protocol/session.ts'

/**
 * The slices with the endpoints that this node can reach: without root, addresses are of 127.0.0.0/8, and what another
 * node calls by one of them is something else here.
 */
export function reachable(
  slices: readonly EndpointSlice[],
  { mode, nodeName }: { mode: NetworkMode; nodeName: NodeName },
): readonly EndpointSlice[] {
  if (mode === 'bridged') return slices
  return slices.map(slice => ({
    ...slice,
    endpoints: slice.endpoints.filter(endpoint => endpoint.nodeName === nodeName),
  }))
}
