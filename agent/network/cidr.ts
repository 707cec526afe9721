/** IPv4 ranges as whole numbers. Pure. */

export interface Cidr {
  /** First address as a number. */
  readonly base: number
  readonly prefixLength: number
  /** How many addresses the range holds. */
  readonly size: number
}

/** Reads `10.244.0.0/24`. The address must be the first of its range. */
export function parseCidr(text: string): Cidr {
  const [address, length, ...rest] = text.split('/')
  const base = parseAddress(address ?? '')
  const prefixLength = /^\d{1,2}$/.test(length ?? '') ? Number(length) : Number.NaN
  if (base === undefined || rest.length > 0 || !(prefixLength >= 0 && prefixLength <= 32)) {
    throw new RangeError(`${JSON.stringify(text)} is not an IPv4 range; write it as in 10.244.0.0/24`)
  }
  const size = 2 ** (32 - prefixLength)
  if (base % size !== 0) {
    const first = formatAddress(base - (base % size))
    throw new RangeError(`${text} does not begin at the first address of its range; write ${first}/${prefixLength}`)
  }
  return { base, prefixLength, size }
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.base)}/${cidr.prefixLength}`
}

/** The number of a dotted address; undefined where the text is none. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined
  }
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.')
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + b.size && b.base < a.base + a.size
}

/** True where `inner` lies wholly in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.base >= outer.base && inner.base + inner.size <= outer.base + outer.size
}

/** The address `offset` places after the first: 1 is the gateway's. */
export function addressAt(cidr: Cidr, offset: number): string {
  return formatAddress(cidr.base + offset)
}
