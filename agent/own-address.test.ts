import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Node } from '../engine/api/types.ts'
import { createOwnAddress, type OwnAddress } from './own-address.ts'

vi.mock('node:os', () => ({ networkInterfaces: vi.fn() }))

function machineHas(...addresses: string[]): void {
  const more = { netmask: '255.255.255.0', family: 'IPv4', mac: '', internal: false, cidr: null } as const
  vi.mocked(networkInterfaces).mockReturnValue({ eth0: addresses.map(address => ({ address, ...more })) })
}

function nodeAt(address: string): Node {
  const status = { addresses: [{ type: 'InternalIP', address } as const] }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, spec: {}, status }
}

let told: string[]
let own: OwnAddress
beforeEach(() => {
  vi.useFakeTimers()
  told = []
  machineHas('192.0.2.1')
})
afterEach(() => {
  own.close()
  vi.useRealTimers()
})

function open({ given, known }: { given?: string; known?: Node } = {}): OwnAddress {
  const heard = { onMoved: (address: string) => told.push(`moved ${address}`), onLost: () => told.push('lost') }
  own = createOwnAddress({ given, known, ...heard })
  return own
}

test('it is that of the connection to the engine, and follows it', () => {
  open().connected('::ffff:192.0.2.1')
  own.connected('192.0.2.1')
  own.connected('192.0.2.2')
  expect([own.current(), told]).toEqual(['192.0.2.2', ['moved 192.0.2.1', 'moved 192.0.2.2']])
})

test.each([undefined, '127.0.0.1', '2001:db8::1'])('a connection from %s says nothing', from => {
  open().connected(from)
  expect([own.current(), told]).toEqual([undefined, []])
})

test('one that was given stays', () => {
  open({ given: '198.51.100.1' }).connected('192.0.2.1')
  vi.advanceTimersByTime(60_000)
  expect([own.current(), told]).toEqual(['198.51.100.1', []])
})

test('without a connection it is what it was, where the machine still has that', () => {
  expect(open({ known: nodeAt('192.0.2.1') }).current()).toBe('192.0.2.1')
  own.close()
  expect(open({ known: nodeAt('192.0.2.9') }).current()).toBeUndefined()
})

test('an address that the machine loses is told once, until there is another', () => {
  open().connected('192.0.2.1')
  vi.advanceTimersByTime(60_000)
  machineHas('192.0.2.2')
  vi.advanceTimersByTime(60_000)
  own.connected('192.0.2.2')
  machineHas()
  vi.advanceTimersByTime(60_000)
  expect(told).toEqual(['moved 192.0.2.1', 'lost', 'moved 192.0.2.2', 'lost'])
})
