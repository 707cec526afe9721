/** What the WireGuard network between the nodes should be, what it is, and the commands that make it so. Pure. */
import { addressAt, formatCidr, parseCidr, type Cidr } from './cidr.ts'
import { routeProtocol } from './mark.ts'
import type { Peer } from './network.ts'
import { overlayPort } from './overlay.ts'

/** How this node takes part. */
export interface WireguardDevice {
  /** `gantry0-wg` */
  readonly name: string
  readonly alias: string
  readonly pods: Cidr
  readonly mtu: number
}

/** What `ip` tells of a device that exists. */
export interface PresentWireguard {
  readonly alias: string | undefined
  readonly mtu: number
  /** Destinations of the routes through it that carry our mark. */
  readonly routes: ReadonlySet<string>
}

/** Where a route through the device is not there, packets are not sent at all: least preferred of all routes. */
const lastMetric = 4096

export interface WireguardCommands {
  /** The device that is there is none that can be kept. */
  readonly remove: boolean
  readonly create: boolean
  /** For `ip -batch`, once the device is there and has its peers. */
  readonly ip: readonly string[]
}

/** A peer whose key is not known has a route too: WireGuard drops what it has no key for, and nothing goes in clear. */
export function planWireguard(
  device: WireguardDevice,
  peers: readonly Peer[],
  { present, barred }: { readonly present: PresentWireguard | undefined; readonly barred: ReadonlySet<string> },
): WireguardCommands {
  const { name, pods, mtu } = device
  // The mark is set last: without it the making was cut short.
  const kept = present?.alias === device.alias ? present : undefined
  const source = addressAt(pods, 1)
  const wanted = new Set(peers.map(peer => formatCidr(parseCidr(peer.podCIDR))))
  const added = [...wanted].filter(range => kept === undefined || !kept.routes.has(range))
  const removed = [...(kept?.routes ?? [])].filter(range => !wanted.has(range))
  return {
    remove: present !== undefined && kept === undefined,
    create: kept === undefined,
    ip: [
      ...barring(wanted, barred),
      ...(kept === undefined
        ? [
            `link set dev ${name} mtu ${mtu}`,
            // For programs of the node that insist on another of its addresses: theirs is replaced by this one.
            `address add ${addressAt(pods, 0)}/32 dev ${name}`,
            `link set dev ${name} up`,
          ]
        : kept.mtu === mtu
          ? []
          : [`link set dev ${name} mtu ${mtu}`]),
      ...removed.map(range => `route del ${range} dev ${name} proto ${routeProtocol}`),
      ...added.map(range => `route replace ${range} dev ${name} src ${source} proto ${routeProtocol}`),
      ...(kept === undefined ? [`link set dev ${name} alias "${device.alias}"`] : []),
    ],
  }
}

/** The routes that keep packets for these ranges, and no others, from leaving in clear where the device is lost. */
export function barring(wanted: ReadonlySet<string>, barred: ReadonlySet<string>): readonly string[] {
  const route = (range: string) => `unreachable ${range} metric ${lastMetric} proto ${routeProtocol}`
  return [
    ...[...wanted].filter(range => !barred.has(range)).map(range => `route replace ${route(range)}`),
    ...[...barred].filter(range => !wanted.has(range)).map(range => `route del ${route(range)}`),
  ]
}

/** As `wg syncconf` reads it. */
export function configuration(privateKey: string, peers: readonly Peer[]): string {
  const sections = peers.flatMap(({ publicKey, address, podCIDR }) =>
    publicKey === undefined
      ? []
      : [
          `[Peer]\nPublicKey = ${publicKey}\nEndpoint = ${address}:${overlayPort}\n` +
            `AllowedIPs = ${formatCidr(parseCidr(podCIDR))}\n`,
        ],
  )
  return [`[Interface]\nPrivateKey = ${privateKey}\nListenPort = ${overlayPort}\n`, ...sections].join('\n')
}
