import { once } from '../api/once.ts'
import { equal } from '../api/stable.ts'
import { clusterKind, type ClusterObject } from '../api/cluster-object.ts'
import { refOf } from '../api/reference.ts'
import type { KubeObject, Node, NodeName } from '../api/types.ts'
import { wireguardConditionOf, wireguardKeyOf, type ClusterNetwork } from '../protocol/encryption.ts'

/**
 * Of a Node what the other nodes need to reach its pods, and nothing more. Undefined where they cannot: it has not said
 * its address yet, or its pods have addresses of 127.0.0.0/8, which mean something else on every machine. All nodes are told
 * the same object.
 */
export const peerNode = once(({ metadata, spec, status }: Node): Node | undefined => {
  const { podCIDR } = spec
  const addresses = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').slice(0, 1)
  if (podCIDR === undefined || podCIDR.startsWith('127.') || addresses.length === 0) return undefined
  const publicKey = wireguardKeyOf(status?.conditions)
  const conditions = publicKey === undefined ? {} : { conditions: [wireguardConditionOf({ publicKey })] }
  const reached = { addresses, ...conditions }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: metadata.name }, spec: { podCIDR }, status: reached }
})

/** Whether the other nodes are to hear of a change of a Node. */
export function isNewsToPeers(before: Node | undefined, after: Node | undefined): boolean {
  return !equal(before && peerNode(before), after && peerNode(after))
}

/** Of the Cluster what its nodes need to reach each other's pods, and nothing more. */
export function clusterNetwork({ apiVersion, kind, metadata, spec }: ClusterObject): ClusterNetwork {
  return { apiVersion, kind, metadata: { name: metadata.name }, spec: { network: spec.network } }
}

/** Whether the nodes are to hear of a change of the Cluster. */
export function isNewsToNodes(before: ClusterObject | undefined, after: ClusterObject | undefined): boolean {
  return !equal(before?.spec.network, after?.spec.network)
}

/** What every node sees of an object that concerns all of them. */
export function seenByAll(object: KubeObject): KubeObject | undefined {
  switch (refOf(object).kind) {
    case clusterKind:
      return clusterNetwork(object as ClusterObject)
    case 'Node':
      return peerNode(object as Node)
    default:
      return object
  }
}

/** Without what is of the node itself. */
export function ofOthers(objects: readonly KubeObject[], node: NodeName): readonly KubeObject[] {
  return objects.filter(({ kind, metadata }) => kind !== 'Node' || metadata.name !== node)
}
