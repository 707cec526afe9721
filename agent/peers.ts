/** Keeps this node's network joined with the nodes that the engine names, under the address that they know it by. */
import type { Node } from '../engine/api/types.ts'
import type { Mirror } from './mirror.ts'
import { wireguardKeyOf } from '../engine/protocol/encryption.ts'
import type { Neighbourhood, NodeNetwork, Peer } from './network/network.ts'

export interface Peers {
  /** The mirror changed. */
  update(mirror: Mirror): void
  /** This node has another address now. */
  moved(hostAddress: string): void
  close(): void
}

export interface PeersOptions {
  readonly network: NodeNetwork
  /** Pods of other nodes may be out of reach; it is tried again. Told once for as long as the reason stays the same. */
  onTrouble(message: string): void
}

const retryPause = 5_000

export function createPeers({ network, onTrouble }: PeersOptions): Peers {
  let to: Neighbourhood = { hostAddress: network.hostAddress, peers: [], encryption: 'none' }
  let told: string | undefined
  let trouble: string | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  function connect(): void {
    clearTimeout(retry)
    const latest = shape()
    told = latest
    network.connect(to).then(
      () => (trouble = undefined),
      (error: unknown) => {
        if (closed || told !== latest) return
        const message = error instanceof Error ? error.message : String(error)
        if (message !== trouble) onTrouble(message)
        trouble = message
        retry = setTimeout(connect, retryPause)
      },
    )
  }

  function shape(): string {
    return JSON.stringify(to)
  }

  function connectIfNews(): void {
    if (!closed && shape() !== told) connect()
  }

  return {
    update(mirror) {
      to = { ...to, peers: mirror.peers().flatMap(node => peerOf(node) ?? []), encryption: mirror.encryption() }
      connectIfNews()
    },
    moved(address) {
      to = { ...to, hostAddress: address }
      connectIfNews()
    },
    close() {
      closed = true
      clearTimeout(retry)
    },
  }
}

function peerOf({ metadata, spec, status }: Node): Peer | undefined {
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (address === undefined || spec.podCIDR === undefined) return undefined
  const publicKey = wireguardKeyOf(status?.conditions)
  return { name: metadata.name, address, podCIDR: spec.podCIDR, ...(publicKey === undefined ? {} : { publicKey }) }
}
