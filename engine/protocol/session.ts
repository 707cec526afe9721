/**
 * What engine and agent say to each other. The agent dials; then the roles turn round and the engine is the HTTP/2
 * client. `POST /v1/session` is one long-lived stream in both directions, a JSON message a line. Logs and exec are
 * further streams that the engine opens.
 */
import type { KubeObject, NodeStatus, PodStatus, Taint, Uid, NodeName, Labels } from '../api/types.ts'
import type { Ref } from '../api/reference.ts'
import type { ProtocolVersions } from './versions.ts'

/** What a node has to know of its cluster. */
export interface NodeSettings {
  readonly clusterUid: Uid
  readonly clusterName: string
  readonly clusterDomain: string
  readonly serviceCIDR: string
  readonly podCIDR: string
}

/**
 * What changed for one node: an agent's view is a filtered mirror of the cluster. It holds the node's own Node object,
 * of the other Nodes name, podCIDR, InternalIP and WireGuard key, of the Cluster its network, the Pods bound to the
 * node, their ConfigMaps and Secrets, and every Service and EndpointSlice.
 */
export interface AssignmentDelta {
  /** The first delta of a session: what it does not name is gone. */
  readonly full: boolean
  /**
   * The cluster's resourceVersion that this delta leads to, but for what came and may wait: whatever traffic was to leave by
   * then is told. The agent acknowledges it once its proxy serves it.
   */
  readonly resourceVersion: number
  readonly put: readonly KubeObject[]
  readonly delete: readonly Ref[]
}

export type EngineMessage =
  | {
      readonly type: 'welcome'
      /** The version that both speak. */
      readonly version: number
      readonly settings: NodeSettings
      readonly heartbeatSeconds: number
    }
  /** The engine ends the session after it. */
  | { readonly type: 'refused'; readonly reason: string; readonly remedy: string }
  | { readonly type: 'assign'; readonly delta: AssignmentDelta }
  /** PEM of every CA that the agent is to trust from now on; the last one signs the nodes' certificates. */
  | { readonly type: 'authorities'; readonly authorities: string }
  /** The answer to `renew`: PEM. */
  | { readonly type: 'certificate'; readonly certificate: string }

/** What an agent saw of one pod. */
export type PodReport =
  | { readonly uid: Uid; readonly namespace: string; readonly name: string; readonly status: PodStatus }
  /** Nothing of the pod is left on the node: its object may go. */
  | { readonly uid: Uid; readonly namespace: string; readonly name: string; readonly gone: true }

/** Something an agent saw that a person may want to read. */
export interface EventReport {
  readonly ref: Ref
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/**
 * What pods' addresses are on a node. `bridged`: of a range of the cluster's, in network namespaces. `loopback`: of
 * 127.0.0.0/8, in the host's namespace; all that an ordinary user can have.
 */
export type NetworkMode = 'bridged' | 'loopback'

/** What a node says of itself. */
export interface NodeReport {
  readonly name: NodeName
  readonly labels: Labels
  readonly taints: readonly Taint[]
  readonly status: NodeStatus
}

/** A Service address that the node's proxy could not bind. */
export interface ServiceProblem {
  readonly namespace: string
  readonly name: string
  /** Absent: what was wrong is mended. */
  readonly message?: string
}

export type AgentMessage =
  | {
      readonly type: 'hello'
      readonly versions: ProtocolVersions
      readonly node: NodeReport
      readonly network: NetworkMode
    }
  | { readonly type: 'node'; readonly node: NodeReport }
  | { readonly type: 'report'; readonly pods: readonly PodReport[] }
  | { readonly type: 'events'; readonly events: readonly EventReport[] }
  | { readonly type: 'services'; readonly problems: readonly ServiceProblem[] }
  /** The node's proxy serves what the cluster was at this resourceVersion. */
  | { readonly type: 'acknowledged'; readonly resourceVersion: number }
  | { readonly type: 'heartbeat' }
  /** Asks for a new certificate of the session's node: a PKCS#10 request, PEM. */
  | { readonly type: 'renew'; readonly request: string }

/** `GET /v1/logs?…`, opened by the engine; answers lines of text, one log line each. */
export interface LogRequest {
  readonly podUid: Uid
  readonly container: string
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines?: number
  readonly sinceSeconds?: number
  /** RFC 3339. */
  readonly sinceTime?: string
  readonly limitBytes?: number
}

/** Set by the engine on a pod's status once no proxy sends it new connections: only then does the agent stop it. */
export const drainedCondition = 'gantry.dev/Drained'
