import { expect, test } from 'vitest'
import { addressAt, contains, formatAddress, formatCidr, overlaps, parseAddress, parseCidr } from './cidr.ts'

test.each([
  { text: '10.244.0.0/24', base: 0x0af40000, prefixLength: 24, size: 256 },
  { text: '127.96.0.0/16', base: 0x7f600000, prefixLength: 16, size: 65_536 },
  { text: '0.0.0.0/0', base: 0, prefixLength: 0, size: 2 ** 32 },
  { text: '255.255.255.255/32', base: 2 ** 32 - 1, prefixLength: 32, size: 1 },
])('reads and writes $text', ({ text, ...cidr }) => {
  expect(parseCidr(text)).toEqual(cidr)
  expect(formatCidr(parseCidr(text))).toBe(text)
})

test.each([
  {
    text: '10.244.0.5/24',
    message: '10.244.0.5/24 does not begin at the first address of its range; write 10.244.0.0/24',
  },
  { text: '10.244.0.0', message: '"10.244.0.0" is not an IPv4 range; write it as in 10.244.0.0/24' },
  { text: '10.244.0.0/33', message: '"10.244.0.0/33" is not an IPv4 range; write it as in 10.244.0.0/24' },
  { text: '10.244.0.256/32', message: '"10.244.0.256/32" is not an IPv4 range; write it as in 10.244.0.0/24' },
  { text: '10.244.0.0/24/1', message: '"10.244.0.0/24/1" is not an IPv4 range; write it as in 10.244.0.0/24' },
  { text: 'fd00::/64', message: '"fd00::/64" is not an IPv4 range; write it as in 10.244.0.0/24' },
])('refuses $text', ({ text, message }) => {
  expect(() => parseCidr(text)).toThrow(new RangeError(message))
})

test.each([
  { a: '10.244.0.0/24', b: '10.244.0.0/24', overlap: true, within: true },
  { a: '10.244.0.0/16', b: '10.244.7.0/24', overlap: true, within: true },
  { a: '10.244.7.0/24', b: '10.244.0.0/16', overlap: true, within: false },
  { a: '10.244.0.0/24', b: '10.244.1.0/24', overlap: false, within: false },
  { a: '0.0.0.0/0', b: '10.96.0.0/16', overlap: true, within: true },
])('$a and $b overlap: $overlap; the second within the first: $within', ({ a, b, overlap, within }) => {
  expect(overlaps(parseCidr(a), parseCidr(b))).toBe(overlap)
  expect(contains(parseCidr(a), parseCidr(b))).toBe(within)
})

test.each(['1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.-4', '', '1.2.3.4 '])('%j is no address', text => {
  expect(parseAddress(text)).toBeUndefined()
})

test('addresses count from the first of the range', () => {
  expect(addressAt(parseCidr('10.244.0.0/16'), 257)).toBe('10.244.1.1')
  expect(formatAddress(2 ** 32 - 1)).toBe('255.255.255.255')
})
