import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { NodeName, Uid } from '../../engine/api/types.ts'
import { openAddresses } from './addresses.ts'
import { createBridgedNetwork } from './bridged.ts'
import { overlaps, parseCidr } from './cidr.ts'
import { run } from './command.ts'
import { createLoopbackNetwork } from './loopback.ts'
import type { NodeNetwork } from './network.ts'

export interface NetworkOptions {
  /** Where the network keeps what it gave to whom; the agent's own. */
  readonly folder: string
  readonly clusterUid: Uid
  readonly nodeName: NodeName
  readonly podCIDR: string
  readonly serviceCIDR: string
  /** The address the host is known by; found by the default route where absent. */
  readonly nodeAddress?: string
  /** `defaultMode()` where absent. */
  readonly mode?: NodeNetwork['mode']
  /** The bridge's name, `gantry0` where absent. */
  readonly bridge?: string
}

/** Sets up the node's network, or adopts what an earlier agent set up. */
export async function createNetwork(options: NetworkOptions): Promise<NodeNetwork> {
  const mode = options.mode ?? (await defaultMode())
  const range = parseCidr(options.podCIDR)
  if (overlaps(range, parseCidr(options.serviceCIDR))) {
    throw new Error(
      `podCIDR ${options.podCIDR} and serviceCIDR ${options.serviceCIDR} overlap; give two ranges that share no address`,
    )
  }
  const file = join(options.folder, 'addresses.json')
  const addresses = await openAddresses({ file, range })
  if (mode === 'loopback') return createLoopbackNetwork({ ...options, addresses })
  const hostAddress = options.nodeAddress ?? (await defaultAddress())
  return createBridgedNetwork({ ...options, addresses, hostAddress, bridge: options.bridge ?? 'gantry0' })
}

/** Bridged where this process may make interfaces and namespaces, and `ip` is installed. */
export async function defaultMode(): Promise<NodeNetwork['mode']> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'loopback'
  if (!(await hasCapabilities())) return 'loopback'
  try {
    await run(['ip', '-Version'])
    return 'bridged'
  } catch {
    return 'loopback'
  }
}

/** CAP_NET_ADMIN (12) for interfaces, CAP_SYS_ADMIN (21) for namespaces: root in a container may lack them. */
async function hasCapabilities(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8')
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return [12n, 21n].every(bit => ((effective >> bit) & 1n) === 1n)
}

/** The first IPv4 address of the interface that leads to the outside; undefined on a machine without one. */
async function defaultAddress(): Promise<string | undefined> {
  const routes = await readFile('/proc/net/route', 'utf8')
  const outside = routes
    .split('\n')
    .map(line => line.split('\t'))
    .find(([, destination]) => destination === '00000000')
  return networkInterfaces()[outside?.[0] ?? '']?.find(({ family }) => family === 'IPv4')?.address
}
