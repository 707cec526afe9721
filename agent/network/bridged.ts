/** Root's network on Linux: pods in namespaces of their own on one bridge. */
import { readFile, writeFile } from 'node:fs/promises'
import type { NodeName, Uid } from '../../engine/api/types.ts'
import type { Addresses } from './addresses.ts'
import { ensureBridge, removeBridge, type Bridge } from './bridge.ts'
import { addressAt, parseCidr } from './cidr.ts'
import { ensureFirewall, removeFirewall } from './firewall.ts'
import { namespaceName } from './mark.ts'
import type { NodeNetwork } from './network.ts'
import { attachedPods, ensureNamespace, linkName, rejoin, removeNamespace } from './pod-namespace.ts'
import { whyNoDns } from './port-53.ts'

export async function createBridgedNetwork(options: {
  readonly clusterUid: Uid
  readonly nodeName: NodeName
  readonly podCIDR: string
  readonly serviceCIDR: string
  readonly bridge: string
  readonly hostAddress: string | undefined
  readonly addresses: Addresses
}): Promise<NodeNetwork> {
  const { clusterUid, nodeName, podCIDR, serviceCIDR, addresses } = options
  const owner = { clusterUid, nodeName }
  const pods = parseCidr(podCIDR)
  const gatewayAddress = addressAt(pods, 1)
  const bridge: Bridge = {
    owner,
    name: options.bridge,
    gateway: `${gatewayAddress}/${pods.prefixLength}`,
    pods,
    services: parseCidr(serviceCIDR),
    knownBefore: addresses.holders().size > 0,
  }
  const firewall = { clusterUid, bridge: bridge.name, podCIDR }
  await ensureBridge(bridge)
  await rejoin(owner, bridge.name)
  const warnings = [...(await ensureForwarding()), ...(await ensureFirewall(firewall))]
  const dnsRefused = await whyNoDns(gatewayAddress)
  return {
    mode: 'bridged',
    bridge: bridge.name,
    gateway: bridge.gateway,
    dnsAddress: dnsRefused === undefined ? gatewayAddress : undefined,
    dnsRefused,
    hostAddress: options.hostAddress ?? gatewayAddress,
    podCIDR,
    serviceCIDR,
    warnings,
    allocate: addresses.allocate,
    release: addresses.release,
    attach: (podUid, ip) =>
      ensureNamespace({
        owner,
        bridge: bridge.name,
        podUid,
        address: `${ip}/${pods.prefixLength}`,
        gateway: gatewayAddress,
      }),
    detach: podUid => removeNamespace(owner, podUid),
    strays: async known => {
      const attached = [...(await attachedPods(owner))].filter(uid => !known.has(uid))
      const held = [...addresses.holders()].filter(uid => !known.has(uid))
      return [
        ...attached.map(uid => `network namespace ${namespaceName(owner, uid)} with interface ${linkName(uid)}`),
        ...held.map(uid => `address of pod ${uid}`),
      ]
    },
    close: async () => {},
    destroy: async () => {
      for (const podUid of await attachedPods(owner)) await removeNamespace(owner, podUid)
      await removeFirewall(firewall)
      await removeBridge(bridge)
    },
  }
}

const forwardingFile = '/proc/sys/net/ipv4/ip_forward'

/** Pods reach the outside only where the machine forwards packets. Left on when Gantry goes: others may rely on it. */
async function ensureForwarding(): Promise<readonly string[]> {
  if ((await readFile(forwardingFile, 'utf8')).trim() === '1') return []
  await writeFile(forwardingFile, '1')
  return ['net.ipv4.ip_forward was off and is now on, so that pods reach the outside; Gantry leaves it on when it goes']
}
