import type { Logger } from 'pino'
import type { NodeNetwork } from './network/network.ts'
import { createDns, type Dns } from './dns/server.ts'

/** Where port 53 was taken since the network found it free, pods are told the same as where it never was. */
export async function serveDns(
  network: NodeNetwork,
  { domain, log }: { domain: string; log: Logger },
): Promise<{ network: NodeNetwork; dns: Dns | undefined }> {
  const { dnsAddress: address } = network
  if (address === undefined) return { network, dns: undefined }
  try {
    return { network, dns: await createDns({ address, domain }) }
  } catch (error) {
    log.error(error, 'names of services cannot be served')
    const dnsRefused = `port 53 of ${address} cannot be listened on: ${String(error)}`
    return { network: withoutDns(network, dnsRefused), dns: undefined }
  }
}

/** All else is the network's own, its address that may change too. */
function withoutDns(network: NodeNetwork, dnsRefused: string): NodeNetwork {
  return Object.create(network, {
    dnsAddress: { value: undefined },
    dnsRefused: { value: dnsRefused },
  }) as NodeNetwork
}
