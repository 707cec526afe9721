import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { decode, encode, type Answer, type DecodedPacket } from 'dns-packet'
import { array, assert, asyncProperty, nat, oneof, tuple, uint8Array } from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { describeWith } from '../../test/needs.ts'
import { createDns, type Dns } from './server.ts'
import { framed } from './upstream.ts'
import type { Records, Zone } from './zone.ts'

const address = '127.98.0.1'
const port = 5300 + (process.pid % 400)
const cleanups: (() => unknown)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function zone(names: Readonly<Record<string, Records>>): Zone {
  return { domain: 'cluster.local', names: new Map([['cluster.local', {}], ...Object.entries(names)]) }
}

async function start(upstreams: readonly string[], options: { address?: string; port?: number } = {}): Promise<Dns> {
  const dns = await createDns({ address, port, domain: 'cluster.local', upstreams, ...options })
  cleanups.push(() => dns.close())
  return dns
}

function resolver(): Resolver {
  const resolver = new Resolver({ timeout: 5000, tries: 1 })
  resolver.setServers([`${address}:${port}`])
  return resolver
}

/** A machine's resolver that answers, or keeps silent. */
async function resolverAt(host: string, answer: string | undefined): Promise<string> {
  const socket = createSocket('udp4')
  cleanups.push(() => socket.close())
  socket.on('message', (query, from) => {
    if (answer === undefined) return
    const { id, questions = [] } = decode(query)
    const [{ name } = { name: '' }] = questions
    const answers = [{ type: 'A', name, ttl: 60, data: answer } as const]
    socket.send(encode({ type: 'response', id: id ?? 0, flags: 0x80, questions, answers }), from.port, from.address)
  })
  socket.bind(0, host)
  await once(socket, 'listening')
  return `${host}:${socket.address().port}`
}

async function exchange(query: Buffer): Promise<DecodedPacket> {
  const socket = createSocket('udp4')
  try {
    socket.send(query, port, address)
    const [answer] = await once(socket, 'message')
    return decode(answer)
  } finally {
    socket.close()
  }
}

/** How much of an answer came, and how. */
async function seen(query: Buffer): Promise<unknown> {
  const { answers, additionals, flag_tc: cut, flag_aa: own } = await exchange(query)
  return { answers: answers?.length, additionals: additionals?.map(({ type }) => type), cut, own }
}

test('answers follow the zone', async () => {
  const dns = await start([])
  await expect(resolver().resolve4('web.shop.svc.cluster.local')).rejects.toThrow('ENOTFOUND')
  dns.update(zone({ 'web.shop.svc.cluster.local': { A: ['10.96.0.7'] } }))
  expect(await resolver().resolve4('web.shop.svc.cluster.local', { ttl: true })).toEqual([
    { address: '10.96.0.7', ttl: 5 },
  ])
  await expect(resolver().resolve6('web.shop.svc.cluster.local')).rejects.toThrow('ENODATA')
})

test('an answer too long for a datagram is asked for again over TCP', async () => {
  const dns = await start([])
  const all = Array.from({ length: 300 }, (_, index) => `10.244.${Math.floor(index / 250)}.${index % 250}`)
  dns.update(zone({ 'many.shop.svc.cluster.local': { A: all } }))
  expect((await resolver().resolve4('many.shop.svc.cluster.local')).sort()).toEqual([...all].sort())
})

test('EDNS tells how much a client takes', async () => {
  const dns = await start([])
  dns.update(zone({ 'some.cluster.local': { A: Array.from({ length: 60 }, (_, index) => `10.0.0.${index}`) } }))
  const questions = [{ type: 'A', name: 'some.cluster.local' } as const]
  const opt: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 1232,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  }
  expect(await seen(encode({ type: 'query', id: 1, questions }))).toEqual({
    answers: 0,
    additionals: [],
    cut: true,
    own: true,
  })
  expect(await seen(encode({ type: 'query', id: 1, questions, additionals: [opt] }))).toEqual({
    answers: 60,
    additionals: ['OPT'],
    cut: false,
    own: true,
  })
})

test('other names are asked of the next resolver where one is silent', async () => {
  await start([await resolverAt('127.0.0.1', undefined), await resolverAt('127.0.0.1', '192.0.2.9')])
  expect(await resolver().resolve4('example.com')).toEqual(['192.0.2.9'])
})

test('a resolver that refuses is passed over at once', async () => {
  await start(['127.0.0.1:1', await resolverAt('127.0.0.1', '192.0.2.9')])
  const begun = performance.now()
  expect(await resolver().resolve4('example.com')).toEqual(['192.0.2.9'])
  expect(performance.now() - begun).toBeLessThan(1000)
})

test('a resolver to which nothing leads is passed over', async () => {
  // No socket may send to it unless it says that it broadcasts: as where there is no route.
  await start(['255.255.255.255', await resolverAt('127.0.0.1', '192.0.2.9')])
  expect(await resolver().resolve4('example.com')).toEqual(['192.0.2.9'])
})

test('an alias that leads outside is followed there', async () => {
  const dns = await start([await resolverAt('127.0.0.1', '192.0.2.9')])
  dns.update(zone({ 'db.shop.svc.cluster.local': { CNAME: 'db.example.com' } }))
  expect(await resolver().resolve4('db.shop.svc.cluster.local')).toEqual(['192.0.2.9'])
})

test('without a resolver other names fail, and ours do not', async () => {
  const dns = await start([])
  dns.update(zone({ 'web.cluster.local': { A: ['10.96.0.7'] } }))
  await expect(resolver().resolve4('example.com')).rejects.toThrow('ESERVFAIL')
  expect(await resolver().resolve4('web.cluster.local')).toEqual(['10.96.0.7'])
})

test('two servers that ask each other end in a failure', async () => {
  await start([`${address}:${port}`])
  await expect(resolver().resolve4('example.com')).rejects.toThrow(/ESERVFAIL|ETIMEOUT/)
})

test('whatever comes, the server goes on', async () => {
  const dns = await start([])
  dns.update(zone({ 'web.cluster.local': { A: ['10.96.0.7'] } }))
  const good = encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'web.cluster.local' }] })
  const garbage = oneof(
    uint8Array({ maxLength: 600 }),
    // Almost right: some bytes of a good query are others.
    array(tuple(nat(good.length - 1), nat(255)), { maxLength: 6 }).map(changes => {
      const bytes = Uint8Array.from(good)
      for (const [index, value] of changes) bytes[index] = value
      return bytes
    }),
  )
  const socket = createSocket('udp4').on('error', () => {})
  const client = connect({ host: address, port }).on('error', () => {})
  cleanups.push(
    () => socket.close(),
    () => client.destroy(),
  )
  await assert(
    asyncProperty(garbage, async bytes => {
      socket.send(bytes, port, address)
      client.write(framed(Buffer.from(bytes)))
      return true
    }),
    { numRuns: 3000 },
  )
  expect(await resolver().resolve4('web.cluster.local')).toEqual(['10.96.0.7'])
})

test.each([
  { name: 'no question', change: (query: Buffer) => query.writeUInt16BE(0, 4), rcode: 1 },
  { name: 'two questions announced', change: (query: Buffer) => query.writeUInt16BE(2, 4), rcode: 1 },
  { name: 'an update', change: (query: Buffer) => query.writeUInt8(0x28, 2), rcode: 4 },
])('$name is refused with code $rcode', async ({ change, rcode }) => {
  await start([])
  const query = encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'web.cluster.local' }] })
  change(query)
  const answer = await exchange(query)
  expect({ id: answer.id, rcode: (answer.flags ?? 0) & 15 }).toEqual({ id: 7, rcode })
})

describeWith(['root', 'busybox'], 'on port 53', () => {
  test('busybox resolves', async () => {
    const dns = await start([], { port: 53 })
    dns.update(zone({ 'web.shop.svc.cluster.local': { A: ['10.96.0.7'] } }))
    const { stdout } = await promisify(execFile)('/bin/busybox', ['nslookup', 'web.shop.svc.cluster.local', address])
    expect(stdout).toMatch(/Name:\s+web\.shop\.svc\.cluster\.local\s+Address: 10\.96\.0\.7/)
  })
})

test.each(['TCP', 'UDP'] as const)(
  'an address whose %s port is taken is refused, and no socket stays behind',
  async taken => {
    const sockets = (): number => process.getActiveResourcesInfo().filter(name => /UDP|TCP/.test(name)).length
    // Those of earlier tests are closed, and leave a moment later.
    while (sockets() > 0) await sleep(5)
    const other = taken === 'TCP' ? createServer().listen(port, address) : createSocket('udp4').bind(port, address)
    await once(other, 'listening')
    await expect(start([])).rejects.toThrow('EADDRINUSE')
    while (sockets() > 1) await sleep(5)
    other.close()
    await once(other, 'close')
    await start([])
  },
)
