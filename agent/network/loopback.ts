/** An ordinary user's network: addresses of 127.0.0.0/8, all of them the host's already. */
import type { Addresses } from './addresses.ts'
import { addressAt, contains, formatCidr, parseCidr } from './cidr.ts'
import type { NodeNetwork } from './network.ts'
import { whyNoDns } from './port-53.ts'

const loopbackRange = parseCidr('127.0.0.0/8')

export async function createLoopbackNetwork(options: {
  readonly podCIDR: string
  readonly serviceCIDR: string
  readonly nodeAddress?: string
  readonly addresses: Addresses
}): Promise<NodeNetwork> {
  const { podCIDR, serviceCIDR, addresses } = options
  for (const [field, range] of Object.entries({ podCIDR, serviceCIDR })) {
    if (contains(loopbackRange, parseCidr(range))) continue
    throw new Error(
      `an ordinary user has only the addresses of ${formatCidr(loopbackRange)}, and ${field} is ${range}; ` +
        'give a range within it, or run Gantry as root',
    )
  }
  const dnsAddress = addressAt(parseCidr(podCIDR), 1)
  const dnsRefused = await whyNoDns(dnsAddress)
  return {
    mode: 'loopback',
    bridge: undefined,
    gateway: undefined,
    dnsAddress: dnsRefused === undefined ? dnsAddress : undefined,
    dnsRefused,
    hostAddress: options.nodeAddress ?? '127.0.0.1',
    mtu: undefined,
    podCIDR,
    serviceCIDR,
    wireguard: undefined,
    apart: {
      reason: 'OrdinaryUser',
      message:
        'pods serve and use only what is on this node: without root they have addresses of 127.0.0.0/8, which other ' +
        'nodes cannot reach; a cluster of agents that run as root has none of this',
    },
    warnings: [],
    allocate: addresses.allocate,
    release: addresses.release,
    attach: podUid =>
      Promise.reject(new Error(`pod ${podUid} needs no network namespace: in loopback mode pods use the host's`)),
    detach: async () => {},
    connect: async () => {},
    strays: async known => [...addresses.holders()].filter(uid => !known.has(uid)).map(uid => `address of pod ${uid}`),
    close: async () => {},
    destroy: async () => {},
  }
}
