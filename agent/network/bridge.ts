/** The node's bridge, and the route that makes the services' addresses the node's own. */
import { createHash } from 'node:crypto'
import { isRecord } from '../../machine/json-file.ts'
import { contains, formatCidr, overlaps, parseCidr, type Cidr } from './cidr.ts'
import { ipBatch, ipQuery } from './command.ts'
import { bridgeMark, routeProtocol, type Owner } from './mark.ts'
import { overlayNames } from './overlay.ts'

/** An interface of the bridge's name is somebody else's: nothing that this node runs can be behind it. */
export class ForeignInterface extends Error {}

export interface Bridge {
  readonly owner: Owner
  readonly name: string
  /** `10.244.0.1/24` */
  readonly gateway: string
  readonly pods: Cidr
  readonly services: Cidr
  readonly mtu: number
  /** True where this folder set the bridge up before: then an unmarked one is ours too (dockerd remakes it at boot). */
  readonly knownBefore: boolean
}

export async function ensureBridge(bridge: Bridge): Promise<void> {
  const link = await findLink(bridge.name)
  refuseForeignLink(bridge, link)
  refuseOverlap(bridge, await listRoutes())
  const mark = bridgeMark(bridge.owner)
  await ipBatch([
    // A fixed hardware address: a bridge without one changes it as ports come and go, and neighbours lose it.
    ...(link ? [] : [`link add name ${bridge.name} address ${hardwareAddress(bridge)} type bridge`]),
    ...(link?.alias === mark ? [] : [`link set dev ${bridge.name} alias "${mark}"`]),
    `address replace ${bridge.gateway} dev ${bridge.name}`,
    `link set dev ${bridge.name} mtu ${bridge.mtu} up`,
    `route replace local ${formatCidr(bridge.services)} dev lo proto ${routeProtocol}`,
  ])
}

export async function removeBridge(bridge: Bridge): Promise<void> {
  const link = await findLink(bridge.name)
  if (link?.alias !== bridgeMark(bridge.owner)) return
  const route = (await listRoutes()).find(route => isOwnServiceRoute(bridge, route))
  await ipBatch([
    ...(route ? [`route del local ${formatCidr(bridge.services)} dev lo proto ${routeProtocol}`] : []),
    `link delete dev ${bridge.name}`,
  ])
}

function refuseForeignLink(bridge: Bridge, link: Link | undefined): void {
  if (!link || link.alias === bridgeMark(bridge.owner)) return
  if (link.alias === undefined && bridge.knownBefore && link.kind === 'bridge') return
  const whose = link.alias?.startsWith('gantry ')
    ? 'belongs to another Gantry cluster or node'
    : 'was not made by Gantry'
  throw new ForeignInterface(
    `the network interface ${bridge.name} exists and ${whose} (${link.alias ?? 'no mark'}); ` +
      `run "gantry down" there, or remove it with: ip link delete ${bridge.name}`,
  )
}

function refuseOverlap(bridge: Bridge, routes: readonly Route[]): void {
  const wanted = [
    { field: 'podCIDR', range: bridge.pods },
    { field: 'serviceCIDR', range: bridge.services },
  ]
  const { vxlan, wireguard } = overlayNames(bridge.name)
  for (const route of routes) {
    if ([bridge.name, vxlan, wireguard].includes(route.dev)) continue
    if (isOwnServiceRoute(bridge, route)) continue
    const clash = wanted.find(({ range }) => overlaps(range, route.destination))
    if (!clash) continue
    throw new Error(
      `${clash.field} ${formatCidr(clash.range)} overlaps this machine's route to ${formatCidr(route.destination)} ` +
        `on ${route.dev}; give the cluster another ${clash.field}, or remove that route`,
    )
  }
}

function isOwnServiceRoute(bridge: Bridge, route: Route): boolean {
  const { services } = bridge
  return (
    route.protocol === routeProtocol && contains(services, route.destination) && contains(route.destination, services)
  )
}

interface Link {
  readonly alias: string | undefined
  readonly kind: string | undefined
}

async function findLink(name: string): Promise<Link | undefined> {
  const links = await ipQuery(['-details', 'link', 'show'])
  for (const link of links) {
    if (!isRecord(link) || link['ifname'] !== name) continue
    const info = link['linkinfo']
    return { alias: textOf(link['ifalias']), kind: isRecord(info) ? textOf(info['info_kind']) : undefined }
  }
  return undefined
}

interface Route {
  readonly destination: Cidr
  readonly dev: string
  readonly protocol: string | undefined
}

/** Every IPv4 route but the default ones, of all tables. */
async function listRoutes(): Promise<readonly Route[]> {
  const routes = await ipQuery(['-4', 'route', 'show', 'table', 'all'])
  return routes.flatMap(route => {
    if (!isRecord(route) || typeof route['dst'] !== 'string' || route['dst'] === 'default') return []
    const text = route['dst']
    const destination = parseCidr(text.includes('/') ? text : `${text}/32`)
    if (destination.prefixLength === 0) return []
    return [{ destination, dev: textOf(route['dev']) ?? 'no interface', protocol: textOf(route['protocol']) }]
  })
}

/** A locally administered address (second lowest bit of the first byte) that this cluster's bridge always has. */
function hardwareAddress(bridge: Bridge): string {
  const digest = createHash('sha256')
    .update(`${bridgeMark(bridge.owner)} ${bridge.name}`)
    .digest()
  return ['02', ...Array.from(digest.subarray(0, 5), byte => byte.toString(16).padStart(2, '0'))].join(':')
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
