/** Keeps this node's network joined with the nodes that the engine names, under the address that they know it by. */
import type { Node } from '../engine/api/types.ts'
import type { Mirror } from './mirror.ts'
import type { NodeNetwork, Peer } from './network/network.ts'

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
  let peers: readonly Peer[] = []
  let hostAddress = network.hostAddress
  let told: string | undefined
  let trouble: string | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  function connect(): void {
    clearTimeout(retry)
    const latest = shape()
    told = latest
    network.connect({ hostAddress, peers }).then(
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
    return JSON.stringify([hostAddress, peers])
  }

  function connectIfNews(): void {
    if (!closed && shape() !== told) connect()
  }

  return {
    update(mirror) {
      peers = mirror.peers().flatMap(node => peerOf(node) ?? [])
      connectIfNews()
    },
    moved(address) {
      hostAddress = address
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
  return { name: metadata.name, address, podCIDR: spec.podCIDR }
}
