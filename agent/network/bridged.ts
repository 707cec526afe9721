/** Root's network on Linux: pods in namespaces of their own on one bridge. */
import { readFile, writeFile } from 'node:fs/promises'
import type { NodeName, Uid } from '../../engine/api/types.ts'
import type { Addresses } from './addresses.ts'
import { ensureBridge, removeBridge, type Bridge } from './bridge.ts'
import { addressAt, parseCidr } from './cidr.ts'
import { admitPeers, ensureFirewall, removeFirewall } from './firewall.ts'
import { bridgeMark, namespaceName } from './mark.ts'
import type { Neighbourhood, NodeNetwork } from './network.ts'
import { findUnderlay, overlayNames, overlayOverhead, probeName } from './overlay.ts'
import { attachedPods, ensureNamespace, linkName, rejoin, removeNamespace } from './pod-namespace.ts'
import { whyNoDns } from './port-53.ts'
import { ensureVxlan, removeVxlan } from './vxlan.ts'
import { barRanges, openWireguard, removeWireguard } from './wireguard.ts'

export async function createBridgedNetwork(options: {
  /** The network's own. */
  readonly folder: string
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
  let hostAddress = options.hostAddress ?? gatewayAddress
  const mtu = (await findUnderlay(hostAddress)).mtu - overlayOverhead
  const bridge: Bridge = {
    owner,
    name: options.bridge,
    gateway: `${gatewayAddress}/${pods.prefixLength}`,
    pods,
    services: parseCidr(serviceCIDR),
    mtu,
    knownBefore: addresses.holders().size > 0,
  }
  const firewall = { clusterUid, bridge: bridge.name, podCIDR }
  const names = overlayNames(bridge.name)
  const alias = bridgeMark(owner)
  const vxlan = { name: names.vxlan, alias }
  const encrypted = { name: names.wireguard, alias }
  let apart: NodeNetwork['apart']
  await ensureBridge(bridge)
  await rejoin(owner, bridge.name)
  const warnings = [...(await ensureForwarding()), ...(await ensureFirewall(firewall))]
  const wireguard = await openWireguard({ folder: options.folder, probe: probeName(bridge.name) })
  const dnsRefused = await whyNoDns(gatewayAddress)
  /** One change after another. */
  let connecting: Promise<unknown> = Promise.resolve()

  async function join({ hostAddress: address, peers, encryption }: Neighbourhood): Promise<void> {
    const usesWireguard = encryption === 'wireguard' && peers.length > 0
    if (encryption === 'wireguard' || peers.length === 0) await removeVxlan(vxlan)
    if (!usesWireguard) await removeWireguard(encrypted)
    apart = undefined
    if (peers.length === 0) return admitPeers(firewall, [])
    const underlay = await findUnderlay(address)
    const common = { pods, mtu: underlay.mtu - overlayOverhead }
    await admitPeers(firewall, [...new Set(peers.map(peer => peer.address))])
    if (!usesWireguard) {
      const local = underlay.here ? address : undefined
      return ensureVxlan({ ...vxlan, ...common, clusterUid, local }, peers)
    }
    if (!('refused' in wireguard)) return wireguard.ensure({ ...encrypted, ...common }, peers)
    await barRanges(new Set(peers.map(peer => peer.podCIDR)))
    const message = `packets between nodes must be encrypted (spec.network.encryption: wireguard): ${wireguard.refused}`
    apart = { reason: 'NoWireGuard', message }
    throw new Error(`pods of other nodes are not reached: ${message}`)
  }

  return {
    mode: 'bridged',
    bridge: bridge.name,
    gateway: bridge.gateway,
    dnsAddress: dnsRefused === undefined ? gatewayAddress : undefined,
    dnsRefused,
    get hostAddress() {
      return hostAddress
    },
    mtu,
    podCIDR,
    serviceCIDR,
    wireguard: 'refused' in wireguard ? wireguard : { publicKey: wireguard.publicKey },
    get apart() {
      return apart
    },
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
        mtu,
      }),
    detach: podUid => removeNamespace(owner, podUid),
    connect: to => {
      hostAddress = to.hostAddress
      const joined = connecting.then(() => join(to))
      connecting = joined.catch(() => undefined)
      return joined
    },
    strays: async known => {
      const attached = [...(await attachedPods(owner))].filter(uid => !known.has(uid))
      const held = [...addresses.holders()].filter(uid => !known.has(uid))
      return [
        ...attached.map(uid => `network namespace ${namespaceName(owner, uid)} with interface ${linkName(uid)}`),
        ...held.map(uid => `address of pod ${uid}`),
      ]
    },
    close: async () => void (await connecting),
    destroy: async () => {
      await connecting
      for (const podUid of await attachedPods(owner)) await removeNamespace(owner, podUid)
      await removeVxlan(vxlan)
      await removeWireguard(encrypted)
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
