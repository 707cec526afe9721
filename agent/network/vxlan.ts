/** The VXLAN that joins the pods of all nodes: one device, with entries for the nodes that the engine named. */
import { isRecord } from '../../machine/json-file.ts'
import { textOf } from './bridge.ts'
import { ipBatch, ipQuery, run } from './command.ts'
import { routeProtocol } from './mark.ts'
import type { Peer } from './network.ts'
import { refuseForeign, refuseForged } from './overlay.ts'
import { planVxlan, type VxlanCommands, type VxlanDevice, type PresentVxlan } from './vxlan-plan.ts'

/** Makes the device and its entries what they should be; changes only what is not so. */
export async function ensureVxlan(device: VxlanDevice, peers: readonly Peer[]): Promise<void> {
  const found = await findVxlan(device.name)
  refuseForeign(device, found && { alias: found.alias, fits: found.vxlan !== undefined })
  await perform(planVxlan(device, peers, found?.vxlan))
  await refuseForged(device.name)
}

export async function removeVxlan({ name, alias }: Pick<VxlanDevice, 'name' | 'alias'>): Promise<void> {
  const found = await findVxlan(name)
  if (found?.alias === alias) await ipBatch([`link delete dev ${name}`])
}

async function perform({ ip, bridge }: VxlanCommands): Promise<void> {
  if (ip.length > 0) await ipBatch(ip)
  if (bridge.length > 0) await run(['bridge', '-batch', '-'], { input: `${bridge.join('\n')}\n` })
}

interface Found {
  readonly alias: string | undefined
  /** Undefined where the device is no VXLAN. */
  readonly vxlan: PresentVxlan | undefined
}

async function findVxlan(name: string): Promise<Found | undefined> {
  const links = await ipQuery(['-details', 'link', 'show'])
  const link = links.find(found => isRecord(found) && found['ifname'] === name)
  if (!isRecord(link)) return undefined
  const alias = textOf(link['ifalias'])
  const info = link['linkinfo']
  const data = isRecord(info) && info['info_kind'] === 'vxlan' ? info['info_data'] : undefined
  if (!isRecord(data)) return { alias, vxlan: undefined }
  const [routes, neighbours, forwards] = await Promise.all([
    ipQuery(['-4', 'route', 'show', 'dev', name, 'proto', routeProtocol]),
    ipQuery(['-4', 'neigh', 'show', 'dev', name, 'nud', 'permanent']),
    forwardsOf(name),
  ])
  return {
    alias,
    vxlan: {
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
