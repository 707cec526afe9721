import type { ConfigMap, EndpointSlice, Node, Pod, Secret, Service } from '../engine/api/types.ts'
import type { ClusterSettings } from '../engine/api/settings.ts'
import type { NodeSettings } from '../engine/protocol/session.ts'

/** What the engine last told this node: a filtered mirror of the cluster. Lists are sorted by namespace and name. */
export interface Mirror {
  readonly settings: NodeSettings
  readonly resourceVersion: number
  node(): Node | undefined
  /** The other nodes whose pods can be reached: of each its name, podCIDR, InternalIP and WireGuard key. */
  peers(): readonly Node[]
  /** How packets between nodes are hidden: `spec.network.encryption`. */
  encryption(): ClusterSettings['spec']['network']['encryption']
  pods(): readonly Pod[]
  configMap(namespace: string, name: string): ConfigMap | undefined
  secret(namespace: string, name: string): Secret | undefined
  services(): readonly Service[]
  endpointSlices(): readonly EndpointSlice[]
}
