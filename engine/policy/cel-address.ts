import type { Environment } from '@marcbachmann/cel-js'
import { isIPv4, isIPv6 } from '../api/names.ts'

/** An address of IPv4 or IPv6. Its fields are private: an expression sees an object's own properties. */
class Address {
  readonly #bits: bigint
  readonly #size: 32 | 128
  constructor(bits: bigint, size: 32 | 128) {
    this.#bits = bits
    this.#size = size
  }
  static read(text: string): Address | undefined {
    if (isIPv4(text)) return new Address(joined(text.split('.').map(Number), 8), 32)
    if (!isIPv6(text)) return undefined
    const address = new Address(joined(groupsOf(text), 16), 128)
    // An IPv4 address in the clothes of IPv6 has two names: Kubernetes takes neither.
    return address.#bits >> 32n === 0xffffn ? undefined : address
  }
  static equal(a: Address, b: Address): boolean {
    return a.#bits === b.#bits && a.#size === b.#size
  }
  family(): 4 | 6 {
    return this.#size === 32 ? 4 : 6
  }
  get size(): 32 | 128 {
    return this.#size
  }
  masked(length: number): Address {
    const host = BigInt(this.#size - length)
    return new Address((this.#bits >> host) << host, this.#size)
  }
  isIn(network: string, length: number): boolean {
    const other = Address.read(network)
    return other !== undefined && Address.equal(this.masked(Math.min(length, this.#size)), other)
  }
  text(): string {
    if (this.#size === 32) return split(this.#bits, { size: 32, width: 8 }).join('.')
    return compressed(split(this.#bits, { size: 128, width: 16 }))
  }
}

class Network {
  readonly #address: Address
  readonly #length: number
  constructor(address: Address, length: number) {
    this.#address = address
    this.#length = length
  }
  static read(text: string): Network | undefined {
    const [, before = '', length = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
    const address = Address.read(before)
    return address === undefined || Number(length) > address.size ? undefined : new Network(address, Number(length))
  }
  static equal(a: Network, b: Network): boolean {
    return Address.equal(a.#address, b.#address) && a.#length === b.#length
  }
  containsAddress(address: Address): boolean {
    return Address.equal(address.masked(Math.min(this.#length, address.size)), this.#address.masked(this.#length))
  }
  contains(other: Network): boolean {
    return this.#length <= other.#length && this.containsAddress(other.#address)
  }
  address(): Address {
    return this.#address
  }
  length(): number {
    return this.#length
  }
  masked(): Network {
    return new Network(this.#address.masked(this.#length), this.#length)
  }
  text(): string {
    return `${this.#address.text()}/${this.#length}`
  }
}

/** `ip` of `ip.isCanonical(…)`. */
// oxlint-disable-next-line typescript/no-extraneous-class -- the library tells types by their class
class AddressFunctions {}

/** https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-ip-address-library */
export function addAddresses(environment: Environment): void {
  environment
    .registerType('IP', { ctor: Address, fields: {} })
    .registerType('CIDR', { ctor: Network, fields: {} })
    .registerType('IPFunctions', { ctor: AddressFunctions, fields: {} })
    .registerConstant('ip', 'IPFunctions', new AddressFunctions())
    .registerFunction('isIP(string): bool', (text: string) => Address.read(text) !== undefined)
    .registerFunction('ip(string): IP', readAddress)
    .registerFunction(
      'IPFunctions.isCanonical(string): bool',
      (_: AddressFunctions, text: string) => readAddress(text).text() === text,
    )
    .registerFunction('string(IP): string', (address: Address) => address.text())
    .registerFunction('IP.family(): int', (address: Address) => BigInt(address.family()))
    .registerOperator('IP == IP', Address.equal)
  for (const [name, test] of Object.entries(kinds)) environment.registerFunction(`IP.${name}(): bool`, test)
  environment
    .registerFunction('isCIDR(string): bool', (text: string) => Network.read(text) !== undefined)
    .registerFunction('cidr(string): CIDR', readNetwork)
    .registerFunction('string(CIDR): string', (network: Network) => network.text())
    .registerFunction('CIDR.containsIP(IP): bool', (network: Network, address: Address) =>
      network.containsAddress(address),
    )
    .registerFunction('CIDR.containsIP(string): bool', (network: Network, text: string) =>
      network.containsAddress(readAddress(text)),
    )
    .registerFunction('CIDR.containsCIDR(CIDR): bool', (network: Network, other: Network) => network.contains(other))
    .registerFunction('CIDR.containsCIDR(string): bool', (network: Network, text: string) =>
      network.contains(readNetwork(text)),
    )
    .registerFunction('CIDR.ip(): IP', (network: Network) => network.address())
    .registerFunction('CIDR.masked(): CIDR', (network: Network) => network.masked())
    .registerFunction('CIDR.prefixLength(): int', (network: Network) => BigInt(network.length()))
    .registerOperator('CIDR == CIDR', Network.equal)
}

const isLoopback = (ip: Address): boolean => ip.isIn('127.0.0.0', 8) || ip.isIn('::1', 128)
const isUnspecified = (ip: Address): boolean => ip.isIn('0.0.0.0', 32) || ip.isIn('::', 128)
const isMulticast = (ip: Address): boolean => ip.isIn('224.0.0.0', 4) || ip.isIn('ff00::', 8)
const isLinkLocalUnicast = (ip: Address): boolean => ip.isIn('169.254.0.0', 16) || ip.isIn('fe80::', 10)

/** As Go's net/netip has them. */
const kinds: Readonly<Record<string, (ip: Address) => boolean>> = {
  isLoopback,
  isUnspecified,
  isLinkLocalUnicast,
  isLinkLocalMulticast: ip => ip.isIn('224.0.0.0', 24) || /^ff[0-9a-f]2:/.test(ip.text()),
  isGlobalUnicast: ip =>
    !(isUnspecified(ip) || ip.isIn('255.255.255.255', 32) || isLoopback(ip)) &&
    !(isMulticast(ip) || isLinkLocalUnicast(ip)),
}

function readAddress(text: string): Address {
  const address = Address.read(text)
  if (address === undefined) throw new RangeError(`not an IP address: ${JSON.stringify(text)}`)
  return address
}

function readNetwork(text: string): Network {
  const network = Network.read(text)
  if (network === undefined) throw new RangeError(`not a CIDR: ${JSON.stringify(text)}`)
  return network
}

/** The eight numbers of an IPv6 address. */
function groupsOf(text: string): number[] {
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [before = [], after] = hex.split('::').map(part => part.split(':').filter(each => each !== ''))
  const zeros = after === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<string>(zeros).fill('0'), ...(after ?? [])].map(each => Number.parseInt(each, 16))
}

function joined(parts: readonly number[], width: number): bigint {
  return parts.reduce((sum, part) => (sum << BigInt(width)) | BigInt(part), 0n)
}

function split(bits: bigint, { size, width }: { readonly size: number; readonly width: number }): number[] {
  const mask = (1n << BigInt(width)) - 1n
  return Array.from({ length: size / width }, (_, index) => Number((bits >> BigInt(size - (index + 1) * width)) & mask))
}

/** As RFC 5952 asks: the longest run of zeros, the first of several, is `::`; a single zero is none. */
function compressed(groups: readonly number[]): string {
  const text = groups.map(group => group.toString(16)).join(':')
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)]
  const longest = runs.reduce((best, [run]) => (run.length > best.length ? run : best), '')
  if (longest === '') return text
  const at = runs.find(([run]) => run === longest)?.index ?? 0
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`
}
