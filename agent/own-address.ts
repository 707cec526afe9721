/** Which address other nodes reach this one by: the one that was given, else the one by which it reaches the engine. */
import { networkInterfaces } from 'node:os'
import type { Node } from '../engine/api/types.ts'

export interface OwnAddress {
  /** Undefined where nothing is known: that of the default route then. */
  current(): string | undefined
  /** A connection to the engine comes from this address of the machine; undefined where it is the same machine. */
  connected(from: string | undefined): void
  close(): void
}

export interface OwnAddressOptions {
  /** Never another one. */
  readonly given: string | undefined
  /** What the engine knew this node by, when an agent last ran. */
  readonly known: Node | undefined
  onMoved(address: string): void
  /** The machine has the address no more: a connection from it leads nowhere. */
  onLost(): void
}

const lookEvery = 3_000

export function createOwnAddress({ given, known, onMoved, onLost }: OwnAddressOptions): OwnAddress {
  const before = known?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  let address = given ?? (before !== undefined && isHere(before) ? before : undefined)
  /** Told once, until there is a new one. */
  let lost = false
  const timer = setInterval(() => {
    if (given !== undefined || lost || address === undefined || isHere(address)) return
    lost = true
    onLost()
  }, lookEvery)
  return {
    current: () => address,
    connected(from) {
      const next = from?.replace(/^::ffff:/, '')
      if (given !== undefined || next === undefined || !isUsable(next)) return
      lost = false
      if (next === address) return
      address = next
      onMoved(next)
    },
    close: () => clearInterval(timer),
  }
}

/** An engine that is reached over loopback is on this machine: no other node finds it there. */
function isUsable(address: string): boolean {
  return !address.includes(':') && !address.startsWith('127.')
}

function isHere(address: string): boolean {
  return Object.values(networkInterfaces()).some(list => list?.some(own => own.address === address))
}
