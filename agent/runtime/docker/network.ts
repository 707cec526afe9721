import type { NodeNetwork } from '../../network/network.ts'
import { overlaps, parseCidr } from '../../network/cidr.ts'
import { dockerNetworkOptions } from '../../network/docker-network.ts'
import { isStatus, orMissing } from './engine.ts'
import type { DockerEngine } from './engine.ts'
import { label, ownerLabels } from './labels.ts'
import type { Owner } from './labels.ts'

export interface PodNetwork {
  readonly name: string
  /** Whether pods have the addresses that the node's network gives; else Docker chooses. */
  readonly givenAddresses: boolean
}

export function networkName({ clusterUid, nodeName }: Owner): string {
  return `gantry_${nodeName}_${clusterUid}`
}

/** The Docker network of this cluster and node: on the node's bridge, or in loopback mode one of Docker's own making. */
export async function ensureNetwork(
  engine: DockerEngine,
  { owner, network }: { owner: Owner; network: NodeNetwork },
): Promise<PodNetwork> {
  const name = networkName(owner)
  const options = dockerNetworkOptions(network)
  const found = await orMissing(engine.call(`look at network ${name}`, api => api.getNetwork(name).inspect()))
  const pod = { name, givenAddresses: options !== undefined }
  if (found !== undefined) {
    refuseForeign(name, { labels: found.Labels, owner })
    const subnet = found.IPAM?.Config?.[0]?.['Subnet']
    if (options === undefined || subnet === network.podCIDR) return pod
    throw new Error(
      `Docker network ${name} has the range ${String(subnet)}, and this node's is ${network.podCIDR}: ` +
        `stop its pods and remove it (docker network rm ${name}), or give the node the old range`,
    )
  }
  const labels = ownerLabels(owner)
  try {
    await engine.change(`create network ${name}`, api =>
      api.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Labels: labels,
        Driver: 'bridge',
        ...(options === undefined ? {} : toApi(options)),
      }),
    )
  } catch (error) {
    // Another call of ours was faster.
    if (isStatus(error, 409)) return pod
    const rivals = await overlapping(engine, network.podCIDR)
    if (rivals.length > 0) {
      throw new Error(
        `Docker's network ${rivals.join(', ')} overlaps the pods' range ${network.podCIDR}; ` +
          `where nothing uses it, remove it: docker network rm ${rivals.join(' ')}`,
        { cause: error },
      )
    }
    throw error
  }
  return pod
}

/** The names of Docker's networks that hold addresses of a range. */
async function overlapping(engine: DockerEngine, range: string): Promise<string[]> {
  const networks = await engine.call('list networks', api => api.listNetworks())
  return networks.flatMap(({ Name, IPAM }) => {
    const subnets = (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? [])
    const meets = subnets.some(subnet => !subnet.includes(':') && overlaps(parseCidr(subnet), parseCidr(range)))
    return meets ? [Name] : []
  })
}

export async function removeNetwork(engine: DockerEngine, owner: Owner): Promise<void> {
  const name = networkName(owner)
  await orMissing(engine.change(`remove network ${name}`, api => api.getNetwork(name).remove()))
}

function toApi({ Driver, IPAM, Options }: NonNullable<ReturnType<typeof dockerNetworkOptions>>): {
  Driver: string
  IPAM: { Driver: string; Config: { [key: string]: string }[] }
  Options: { [key: string]: string }
} {
  return {
    Driver,
    IPAM: { Driver: 'default', Config: IPAM.Config.map(range => ({ ...range })) },
    Options: { ...Options },
  }
}

function refuseForeign(
  name: string,
  { labels, owner }: { labels: Record<string, string> | undefined; owner: Owner },
): void {
  if (labels?.[label.cluster] === owner.clusterUid && labels[label.node] === owner.nodeName) return
  throw new Error(
    `a Docker network ${name} exists that this cluster did not make: remove it (docker network rm ${name})`,
  )
}
