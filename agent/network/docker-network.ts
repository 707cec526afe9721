import type { NodeNetwork } from './network.ts'

/** What `POST /networks/create` of a Docker Engine takes, so that its containers join the node's bridge. */
export interface DockerNetworkOptions {
  readonly Driver: 'bridge'
  readonly IPAM: { readonly Config: readonly [{ readonly Subnet: string; readonly Gateway: string }] }
  readonly Options: Readonly<Record<string, string>>
}

/** Undefined in loopback mode, where no container can join. The bridge stays ours: Docker removes only what it made. */
export function dockerNetworkOptions(
  network: Pick<NodeNetwork, 'bridge' | 'gateway' | 'podCIDR' | 'mtu'>,
): DockerNetworkOptions | undefined {
  const { bridge, gateway, podCIDR, mtu } = network
  const address = gateway?.split('/')[0]
  if (bridge === undefined || address === undefined || mtu === undefined) return undefined
  return {
    Driver: 'bridge',
    IPAM: { Config: [{ Subnet: podCIDR, Gateway: address }] },
    Options: {
      'com.docker.network.bridge.name': bridge,
      'com.docker.network.driver.mtu': String(mtu),
      // Masquerading is the node network's, for all its pods alike.
      'com.docker.network.bridge.enable_ip_masquerade': 'false',
    },
  }
}
