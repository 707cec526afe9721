/** What the VXLAN between the nodes should be, what it is, and the commands that make it so. Pure. */
import { createHash } from 'node:crypto'
import type { Uid } from '../../engine/api/types.ts'
import { addressAt, formatCidr, parseCidr, type Cidr } from './cidr.ts'
import { routeProtocol } from './mark.ts'
import type { Peer } from './network.ts'
import { overlayPort } from './overlay.ts'

/** How this node takes part. */
export interface VxlanDevice {
  readonly clusterUid: Uid
  /** `gantry0-vx` */
  readonly name: string
  readonly alias: string
  readonly pods: Cidr
  readonly mtu: number
  /** The address that packets to other nodes come from; undefined where it is not one of this machine's interfaces. */
  readonly local: string | undefined
}

/** What `ip` and `bridge` tell of a device that exists. */
export interface PresentVxlan {
  readonly alias: string | undefined
  readonly id: number
  readonly port: number
  readonly local: string | undefined
  readonly hardwareAddress: string
  readonly mtu: number
  /** Routes that carry our mark, as `10.244.1.0/24 via 10.244.1.1`. */
  readonly routes: ReadonlySet<string>
  /** Permanent neighbours, as `10.244.1.1 02:…`. */
  readonly neighbours: ReadonlySet<string>
  /** Static forwarding entries, as `02:… 192.0.2.2`. */
  readonly forwards: ReadonlySet<string>
}

export interface VxlanCommands {
  /** For `ip -batch`. */
  readonly ip: readonly string[]
  /** For `bridge -batch`, after those. */
  readonly bridge: readonly string[]
}

/** What leads to one peer: each node computes the same hardware address for it, so none has to be told. */
function entriesOf(peer: Peer, { clusterUid }: VxlanDevice) {
  const range = parseCidr(peer.podCIDR)
  const gateway = addressAt(range, 1)
  const hardware = hardwareAddress(clusterUid, range)
  return {
    route: `${formatCidr(range)} via ${gateway}`,
    neighbour: `${gateway} ${hardware}`,
    forward: `${hardware} ${peer.address}`,
  }
}

/** Empty where all is as it should be. A device that cannot be changed into the wanted one is made anew. */
export function planVxlan(
  device: VxlanDevice,
  peers: readonly Peer[],
  present: PresentVxlan | undefined,
): VxlanCommands {
  const { name } = device
  const kept = present && isSameNetwork(device, present) ? present : undefined
  const entries = peers.map(peer => entriesOf(peer, device))
  const source = addressAt(device.pods, 1)
  const routes = changes(new Set(entries.map(entry => entry.route)), kept?.routes)
  const neighbours = changes(new Set(entries.map(entry => entry.neighbour)), kept?.neighbours)
  const forwards = changes(new Set(entries.map(entry => entry.forward)), kept?.forwards)
  // A peer that keeps its hardware address under another one is replaced, never absent for a moment.
  const arriving = new Set(forwards.add.map(firstWord))
  return {
    ip: [
      ...(present && !kept ? [`link delete dev ${name}`] : []),
      ...(kept ? adjusted(device, kept) : created(device)),
      ...routes.remove.map(route => `route del ${route} dev ${name} proto ${routeProtocol}`),
      ...neighbours.remove.map(neighbour => `neigh del ${firstWord(neighbour)} dev ${name}`),
      ...neighbours.add.map(n => `neigh replace ${n.replace(' ', ' lladdr ')} dev ${name} nud permanent`),
      // The node's own programs, its proxy among them, speak to other nodes' pods from an address that leads back here.
      ...routes.add.map(route => `route replace ${route} dev ${name} onlink src ${source} proto ${routeProtocol}`),
    ],
    bridge: [
      ...forwards.remove
        .filter(forward => !arriving.has(firstWord(forward)))
        .map(forward => `fdb del ${forward.replace(' ', ` dev ${name} dst `)} self`),
      ...forwards.add.map(forward => `fdb replace ${forward.replace(' ', ` dev ${name} dst `)} self permanent`),
    ],
  }
}

/** Several clusters may share a network: each has a number of its own, 24 bits as VXLAN has them, none of them 0. */
export function networkId(clusterUid: Uid): number {
  return digest(`gantry network ${clusterUid}`).readUIntBE(0, 3) || 1
}

/** A locally administered address (second lowest bit of the first byte). */
export function hardwareAddress(clusterUid: Uid, pods: Cidr): string {
  const bytes = digest(`gantry node ${clusterUid} ${formatCidr(pods)}`).subarray(0, 5)
  return ['02', ...Array.from(bytes, byte => byte.toString(16).padStart(2, '0'))].join(':')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function isSameNetwork(device: VxlanDevice, present: PresentVxlan): boolean {
  return (
    // The mark is set last: without it the making was cut short.
    present.alias === device.alias &&
    present.id === networkId(device.clusterUid) &&
    present.port === overlayPort &&
    present.hardwareAddress === hardwareAddress(device.clusterUid, device.pods) &&
    // The kernel can change an address to another one, but not to none.
    (present.local === undefined) === (device.local === undefined)
  )
}

function created(device: VxlanDevice): readonly string[] {
  const { clusterUid, name, alias, pods, mtu, local } = device
  const from = local === undefined ? '' : ` local ${local}`
  return [
    `link add name ${name} address ${hardwareAddress(clusterUid, pods)} mtu ${mtu} type vxlan ` +
      `id ${networkId(clusterUid)} dstport ${overlayPort}${from} nolearning`,
    // For programs of the node that insist on another of its addresses: theirs is replaced by this one.
    `address add ${addressAt(pods, 0)}/32 dev ${name}`,
    `link set dev ${name} up`,
    `link set dev ${name} alias "${alias}"`,
  ]
}

function adjusted({ clusterUid, name, mtu, local }: VxlanDevice, present: PresentVxlan): readonly string[] {
  return [
    ...(present.mtu === mtu ? [] : [`link set dev ${name} mtu ${mtu}`]),
    ...(present.local === local
      ? []
      : [`link set dev ${name} type vxlan id ${networkId(clusterUid)} local ${String(local)}`]),
  ]
}

function changes(wanted: ReadonlySet<string>, present: ReadonlySet<string> = new Set()) {
  return {
    add: [...wanted].filter(entry => !present.has(entry)),
    remove: [...present].filter(entry => !wanted.has(entry)),
  }
}

function firstWord(text: string): string {
  return text.split(' ', 1)[0] ?? ''
}
