/** What joins the pods of all nodes over the network between the machines, plain (VXLAN) or encrypted (WireGuard). */
import { writeFile } from 'node:fs/promises'
import { isRecord } from '../../machine/json-file.ts'
import { ipQuery } from './command.ts'

/** The one UDP port that a node opens; the number is that of the engine's door for agents. */
export const overlayPort = 7421
/**
 * What WireGuard puts around a packet: outer IPv4 and UDP headers, its own, and its seal. VXLAN takes 50: that pods need
 * not begin anew where a cluster changes from one to the other, their packets always leave room for the larger.
 */
export const overlayOverhead = 60

/** The names of a bridge's devices: packet filter rules for `gantry0+` are for the bridge and both of these. */
export function overlayNames(bridge: string): { readonly vxlan: string; readonly wireguard: string } {
  return { vxlan: `${bridge}-vx`, wireguard: `${bridge}-wg` }
}

/** Of a device that is made to see whether it can be, and goes at once. */
export function probeName(bridge: string): string {
  return `${bridge}-pr`
}

export interface Underlay {
  /** Whether the address is one of this machine's interfaces. */
  readonly here: boolean
  /** Of the interface that has the address. */
  readonly mtu: number
}

const ethernetMtu = 1500

/** The interface that other nodes reach this one through. */
export async function findUnderlay(address: string): Promise<Underlay> {
  for (const link of await ipQuery(['-4', 'address', 'show'])) {
    if (!isRecord(link) || !Array.isArray(link['addr_info'])) continue
    if (!link['addr_info'].some(info => isRecord(info) && info['local'] === address)) continue
    const mtu = link['ifname'] === 'lo' ? ethernetMtu : link['mtu']
    return { here: true, mtu: typeof mtu === 'number' ? mtu : ethernetMtu }
  }
  return { here: false, mtu: ethernetMtu }
}

/** Throws where the interface that is found under a device's name is not this node's. */
export function refuseForeign(
  { name, alias }: { readonly name: string; readonly alias: string },
  /** `fits`: it is of the device's kind. */
  found: { readonly alias: string | undefined; readonly fits: boolean } | undefined,
): void {
  // One without a mark was left by an agent that was killed at that moment.
  if (found === undefined || found.alias === alias || (found.alias === undefined && found.fits)) return
  throw new Error(
    `the network interface ${name} exists and is not this node's (${found.alias ?? 'no mark'}); ` +
      `remove it with: ip link delete ${name}`,
  )
}

/** A packet that claims an address no route leads back to is dropped: nodes speak for their own pods only. */
export async function refuseForged(name: string): Promise<void> {
  await writeFile(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, '1')
}
