import type { NodeNetwork } from '../network/network.ts'

/** A node's network that gives out addresses and nothing else, for agents on a memory runtime. */
export function memoryNetwork({ prefix = '10.244.0', hostAddress = '127.0.0.1' } = {}): NodeNetwork {
  const addresses = new Map<string, string>()
  let last = 1
  return {
    mode: 'bridged',
    bridge: 'memory',
    gateway: `${prefix}.1/24`,
    dnsAddress: `${prefix}.1`,
    dnsRefused: undefined,
    wireguard: undefined,
    apart: undefined,
    warnings: [],
    hostAddress,
    mtu: 1450,
    podCIDR: `${prefix}.0/24`,
    serviceCIDR: '10.96.0.0/16',
    async allocate(podUid) {
      const address = addresses.get(podUid) ?? `${prefix}.${++last}`
      addresses.set(podUid, address)
      return address
    },
    async release(podUid) {
      addresses.delete(podUid)
    },
    attach: async podUid => `/run/netns/${podUid}`,
    detach: async () => undefined,
    connect: async () => undefined,
    strays: async () => [],
    close: async () => undefined,
    destroy: async () => addresses.clear(),
  }
}
