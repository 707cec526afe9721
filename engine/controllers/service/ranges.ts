import { templateHash } from '../../api/stable.ts'

export interface PortRange {
  readonly from: number
  /** Included. */
  readonly to: number
}

/** `10.96.0.0/16` as numbers: the addresses that Services may have, without network, first host and broadcast. */
export function addressRange(cidr: string): { readonly from: number; readonly size: number } {
  const [network = '', bits = '32'] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  // The first host is left to the cluster's own use, as Kubernetes leaves it to the API.
  return { from: toNumber(network) + 2, size: Math.max(0, size - 3) }
}

export function toNumber(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}

export function toAddress(number: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256).join('.')
}

export function inRange(address: string, cidr: string): boolean {
  const { from, size } = addressRange(cidr)
  const number = toNumber(address)
  return number >= from - 1 && number < from + size
}

/**
 * The first free place of `size`, looked for from one that follows from the name: a Service that is made again tends to
 * get what it had. Undefined where all are taken.
 */
export function firstFree(
  name: string,
  { size, taken }: { size: number; taken: (place: number) => boolean },
): number | undefined {
  const start = size === 0 ? 0 : placeOf(name) % size
  for (let i = 0; i < size; i++) {
    const place = (start + i) % size
    if (!taken(place)) return place
  }
  return undefined
}

function placeOf(name: string): number {
  let number = 0
  for (const letter of templateHash(name)) number = (number * 31 + letter.charCodeAt(0)) % 2 ** 31
  return number
}
