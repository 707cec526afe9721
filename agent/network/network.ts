/** A node's network: addresses for pods, and what the runtimes need to join it. Two modes: root, ordinary user. */
import type { NodeName, Uid } from '../../engine/api/types.ts'

/** Another node of the cluster, as far as its pods are to be reached. */
export interface Peer {
  readonly name: NodeName
  /** Its InternalIP. */
  readonly address: string
  readonly podCIDR: string
  /** Its WireGuard key; absent where it has not told one. */
  readonly publicKey?: string
}

/** Whom a node is joined with. */
export interface Neighbourhood {
  /** What the other nodes know this one by. */
  readonly hostAddress: string
  readonly peers: readonly Peer[]
  /** How packets between nodes are hidden from the network that carries them. */
  readonly encryption: 'none' | 'wireguard'
}

export interface NodeNetwork {
  /**
   * `bridged` (root on Linux): pods in network namespaces on the bridge `gantry0`, services reachable from everywhere
   * on the node. `loopback` (ordinary user): each pod an address of 127.0.0.0/8 in the host's namespace, as POD_IP.
   */
  readonly mode: 'bridged' | 'loopback'
  /** Name of the bridge; undefined in loopback mode. */
  readonly bridge: string | undefined
  /** The bridge's own address with its prefix length: `10.244.0.1/24`; undefined in loopback mode. */
  readonly gateway: string | undefined
  /** Where the node's DNS listens; undefined where port 53 cannot be had, with `dnsRefused` saying why. */
  readonly dnsAddress: string | undefined
  readonly dnsRefused: string | undefined
  /** The address that the host is known by, which may change: hostNetwork pods, `status.hostIP`, the node's InternalIP. */
  readonly hostAddress: string
  /** The largest packet of a pod; undefined in loopback mode. */
  readonly mtu: number | undefined
  readonly podCIDR: string
  readonly serviceCIDR: string
  /** What this machine could encrypt with; undefined in loopback mode. */
  readonly wireguard: { readonly publicKey: string } | { readonly refused: string } | undefined
  /** Why the pods of this node and those of the others do not reach each other; undefined where they do. */
  readonly apart: { readonly reason: string; readonly message: string } | undefined
  /** What a person should know of how this network was set up: a sysctl that was changed, a tool that lacks. */
  readonly warnings: readonly string[]
  /** Gives the pod an address of the range, the same one each time until it is released; kept on disk. */
  allocate(podUid: Uid): Promise<string>
  release(podUid: Uid): Promise<void>
  /**
   * Bridged mode: a network namespace for a process pod, joined to the bridge by a veth pair, with the address and a
   * default route. Idempotent. Resolves to the namespace's path, for `nsenter --net=…`.
   */
  attach(podUid: Uid, ip: string): Promise<string>
  /** Removes the namespace and the veth pair. No error where they are gone. */
  detach(podUid: Uid): Promise<void>
  /**
   * Joins the pods of this node with those of these nodes and no others. Does nothing in loopback mode. Where it rejects
   * it may be called again. What must be encrypted is never sent in clear: without WireGuard it is not sent.
   */
  connect(to: Neighbourhood): Promise<void>
  /** What carries this cluster's mark on this node and belongs to no pod in `known`. */
  strays(known: ReadonlySet<Uid>): Promise<readonly string[]>
  /** Lets go of sockets; interfaces and routes stay for the pods that run on. */
  close(): Promise<void>
  /** Takes everything down: `gantry down`. */
  destroy(): Promise<void>
}
