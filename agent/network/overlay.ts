/** The VXLAN that joins the pods of all nodes: one device, with entries for the nodes that the engine named. */
import { writeFile } from 'node:fs/promises'
import { isRecord } from '../../machine/json-file.ts'
import { textOf } from './bridge.ts'
import { ipBatch, ipQuery, run } from './command.ts'
import { routeProtocol } from './mark.ts'
import type { Peer } from './network.ts'
import { planOverlay, type OverlayCommands, type OverlayDevice, type PresentOverlay } from './overlay-plan.ts'

/** Makes the device and its entries what they should be; changes only what is not so. */
export async function ensureOverlay(device: OverlayDevice, peers: readonly Peer[]): Promise<void> {
  const found = await findOverlay(device.name)
  refuseForeign(device, found)
  await perform(planOverlay(device, peers, found?.overlay))
  // A packet that claims an address no route leads back to is dropped: nodes speak for their own pods only.
  await writeFile(`/proc/sys/net/ipv4/conf/${device.name}/rp_filter`, '1')
}

export async function removeOverlay({ name, alias }: Pick<OverlayDevice, 'name' | 'alias'>): Promise<void> {
  const found = await findOverlay(name)
  if (found?.alias === alias) await ipBatch([`link delete dev ${name}`])
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

async function perform({ ip, bridge }: OverlayCommands): Promise<void> {
  if (ip.length > 0) await ipBatch(ip)
  if (bridge.length > 0) await run(['bridge', '-batch', '-'], { input: `${bridge.join('\n')}\n` })
}

interface Found {
  readonly alias: string | undefined
  /** Undefined where the device is no VXLAN. */
  readonly overlay: PresentOverlay | undefined
}

function refuseForeign({ name, alias }: OverlayDevice, found: Found | undefined): void {
  // One without a mark was left by an agent that was killed at that moment.
  if (found === undefined || found.alias === alias || (found.alias === undefined && found.overlay !== undefined)) return
  throw new Error(
    `the network interface ${name} exists and is not this node's (${found.alias ?? 'no mark'}); ` +
      `remove it with: ip link delete ${name}`,
  )
}

async function findOverlay(name: string): Promise<Found | undefined> {
  const links = await ipQuery(['-details', 'link', 'show'])
  const link = links.find(found => isRecord(found) && found['ifname'] === name)
  if (!isRecord(link)) return undefined
  const alias = textOf(link['ifalias'])
  const info = link['linkinfo']
  const data = isRecord(info) && info['info_kind'] === 'vxlan' ? info['info_data'] : undefined
  if (!isRecord(data)) return { alias, overlay: undefined }
  const [routes, neighbours, forwards] = await Promise.all([
    ipQuery(['-4', 'route', 'show', 'dev', name, 'proto', routeProtocol]),
    ipQuery(['-4', 'neigh', 'show', 'dev', name, 'nud', 'permanent']),
    forwardsOf(name),
  ])
  return {
    alias,
    overlay: {
      alias,
      id: Number(data['id']),
      port: Number(data['port']),
      local: textOf(data['local']),
      hardwareAddress: textOf(link['address']) ?? '',
      mtu: Number(link['mtu']),
      routes: pairs(routes, ['dst', 'gateway'], ' via '),
      neighbours: pairs(neighbours, ['dst', 'lladdr'], ' '),
      forwards: pairs(forwards, ['mac', 'dst'], ' '),
    },
  }
}

async function forwardsOf(name: string): Promise<readonly unknown[]> {
  const text = await run(['bridge', '-json', 'fdb', 'show', 'dev', name])
  const value: unknown = text.trim() === '' ? [] : JSON.parse(text)
  return Array.isArray(value) ? value : []
}

function pairs(
  entries: readonly unknown[],
  [first, second]: readonly [string, string],
  between: string,
): ReadonlySet<string> {
  return new Set(
    entries.flatMap(entry => {
      if (!isRecord(entry)) return []
      const [a, b] = [textOf(entry[first]), textOf(entry[second])]
      return a === undefined || b === undefined ? [] : [`${a}${between}${b}`]
    }),
  )
}
