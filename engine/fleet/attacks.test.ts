/** The attack table: each is refused with its own reason, on both sides, over real sockets. */
import 'reflect-metadata'
import { createHash } from 'node:crypto'
import { connect as connectTcp, createServer as createTcpServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer, connect as connectTls } from 'node:tls'
import * as x509 from '@peculiar/x509'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { joinEngine } from '../../agent/identity/join.ts'
import type { Identity } from '../../agent/identity/identity.ts'
import { makeKeyRequest } from '../../agent/identity/request.ts'
import { joinProtocol, sessionProtocol } from '../protocol/joining.ts'
import { parseToken } from '../protocol/token.ts'
import { makeAuthority } from './authority.ts'
import type { Authority } from './authority.ts'
import { TestFleet } from '../../test/fleet.ts'
import { bundleOf } from './issuer.ts'

let fleet: TestFleet
let foreign: Authority
const servers: Server[] = []

beforeEach(async () => {
  fleet = await TestFleet.open()
  foreign = await makeAuthority(join(fleet.folder, 'foreign.pem'), Date.now())
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await fleet.remove()
})

/** A certificate for a node, made by whom and when one likes: what an attacker may hold. */
async function forged(
  authority: Authority,
  { node = 'one', now = Date.now(), lifetime = 60_000 } = {},
): Promise<Identity> {
  const { key, request } = await makeKeyRequest(node)
  const { publicKey } = new x509.Pkcs10CertificateRequest(request)
  const certificate = await authority.issueNode(node, publicKey, { now, lifetime })
  return { node, engine: fleet.address, key, certificate, authorities: bundleOf(fleet.trust) }
}

const own = (): Authority => fleet.trust.signing
const hour = 3_600_000
const sessions: readonly { name: string; identity: () => Promise<Identity>; says?: string; reason: RegExp }[] = [
  {
    name: 'a certificate of another CA',
    identity: () => forged(foreign),
    reason: /^its certificate is of another CA than this cluster's$/,
  },
  {
    name: 'an expired certificate',
    identity: () => forged(own(), { now: Date.now() - hour, lifetime: 60_000 }),
    reason: /^the certificate of node one expired at 20/,
  },
  {
    name: 'a certificate that is not valid yet',
    identity: () => forged(own(), { now: Date.now() + hour, lifetime: hour }),
    reason: /^the certificate of node one is not valid before 20/,
  },
  {
    name: 'the certificate of another node',
    identity: () => forged(own(), { node: 'two' }),
    says: 'one',
    reason: /^an agent with the certificate of node two says that it is node one$/,
  },
  {
    name: "the engine's own certificate, which is of the right CA",
    identity: async () => {
      const { key, certificate } = await own().issueServer(['127.0.0.1'], Date.now())
      return { ...(await forged(own())), key, certificate }
    },
    reason: /^its certificate is no node's, but that of "CN=gantry"$/,
  },
  {
    name: 'no certificate',
    identity: async () => ({ ...(await forged(own())), key: '', certificate: '' }),
    reason: /^it shows no certificate$/,
  },
  {
    name: 'a revoked certificate',
    identity: async () => {
      const identity = await forged(own(), { now: Date.now() - 1 })
      await fleet.revocations.revoke('one', Date.now())
      return identity
    },
    reason: /^the certificate of node one was revoked at 20/,
  },
]
test.each(sessions)('a session with $name', async ({ identity, says, reason }) => {
  const given = await identity()
  const agent = fleet.agent(given, says ?? given.node)
  await vi.waitFor(() => expect(agent.heard.some(line => line.startsWith('refused: '))).toBe(true), 5_000)
  const [told = ''] = agent.heard
  const [words = '', remedy = ''] = told.slice('refused: '.length).split('; ')
  expect(words).toMatch(reason)
  expect(remedy).not.toBe('')
  expect(fleet.heard).toContain(`refused ${words}`)
  expect(agent.heard).not.toContain('welcome')
  expect(fleet.frontDoor.connected).toEqual(new Set())
})

const joins: readonly { name: string; token: () => Promise<string>; reason: RegExp }[] = [
  {
    name: 'a token that was used by another machine',
    async token() {
      const token = await fleet.token()
      await joinWith(token, 'two', 'elsewhere')
      return token
    },
    reason: /^token \w{8} was used by node two at 20.*, and that is all it is good for$/,
  },
  {
    name: 'a token that was used for the same name by another machine',
    async token() {
      const token = await fleet.token()
      await joinWith(token, 'one', 'elsewhere')
      return token
    },
    reason: /^token \w{8} was used by node one at 20.*, and that is all it is good for$/,
  },
  {
    name: 'a token that is used up',
    async token() {
      const token = await fleet.token({ uses: 2 })
      await joinWith(token, 'two', 'n2')
      await joinWith(token, 'three', 'n3')
      return token
    },
    reason: /^token \w{8} was used 2 times, and that is all it is good for$/,
  },
  { name: 'an expired token', token: () => fleet.token({ ttlSeconds: 0 }), reason: /^token \w{8} expired at 20/ },
  {
    name: 'a token for another node',
    token: () => fleet.token({ node: 'two' }),
    reason: /^token \w{8} is for node two, not for one$/,
  },
  {
    name: 'a token for any node, and the name of one that is there',
    async token() {
      await joinWith(await fleet.token(), 'one', 'elsewhere')
      return fleet.token()
    },
    reason: /^there is a node one already$/,
  },
  {
    name: 'a revoked token',
    async token() {
      const token = await fleet.token()
      await fleet.tokens.revoke(parseToken(token)?.id ?? '')
      return token
    },
    reason: /^this cluster has no token \w{8}$/,
  },
  {
    name: 'a token with a guessed secret',
    token: async () => (await fleet.token()).replace(/\.[a-z0-9]{32}\./, `.${'a'.repeat(32)}.`),
    reason: /^this cluster has no token \w{8}$/,
  },
]
test.each(joins)('to join with $name', async ({ token, reason }) => {
  const refused = await joinWith(await token(), 'one', 'here').catch((error: unknown) => String(error))
  const [, words = '', remedy = ''] = /refuses this node: (.*); (.*)$/.exec(String(refused)) ?? [refused]
  expect(words).toMatch(reason)
  expect(remedy).not.toBe('')
  expect(fleet.heard).toContain(`refused ${words}`)
})

function joinWith(token: string, node: string, folder: string): Promise<Identity> {
  return joinEngine({ folder: join(fleet.folder, folder), engine: fleet.address, token, node, network: 'bridged' })
}

test('a request for a name that the token does not allow, beside one that it does', async () => {
  const token = await fleet.token({ node: 'one' })
  const { request } = await makeKeyRequest('two')
  const answer = await talk(joinProtocol, `${JSON.stringify({ token, node: 'one', request, network: 'bridged' })}\n`)
  const reason = 'node one asks for a certificate of "O=system:nodes, CN=system:node:two"'
  expect(JSON.parse(answer)).toMatchObject({ type: 'refused', reason })
  expect(fleet.heard).toContain(`refused ${reason}`)
  expect(fleet.tokens.list(Date.now())).toMatchObject([{ used: [] }])
})

test('a renewal for another node ends the session', async () => {
  const identity = await fleet.join('one')
  const agent = fleet.agent(identity)
  await vi.waitFor(() => expect(agent.heard).toContain('welcome'))
  const { request } = await makeKeyRequest('two')
  agent.link.send({ type: 'renew', request })
  const reason = 'node one asks for a certificate of "O=system:nodes, CN=system:node:two"'
  await vi.waitFor(() => expect(fleet.heard).toContain(`refused ${reason}`))
  await vi.waitFor(() => expect(agent.heard.some(line => line.includes(reason))).toBe(true))
  expect(agent.heard).not.toContain('certificate')
})

/** Says something over TLS as a client without a certificate; what came back. */
function talk(protocol: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ ...fleet.address, rejectUnauthorized: false, ALPNProtocols: [protocol] })
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
    socket.once('error', reject).once('close', () => resolve(answer))
    socket.write(text)
  })
}

test.each([
  {
    name: 'TLS 1.2',
    options: { maxVersion: 'TLSv1.2' as const, ALPNProtocols: [sessionProtocol] },
    client: /alert protocol version|ECONNRESET/,
    engine: 'refused no TLS 1.3 session comes about: unsupported protocol',
  },
  {
    name: 'another protocol inside TLS',
    options: { ALPNProtocols: ['h2'] },
    client: /no application protocol|ECONNRESET/,
    engine: 'refused no TLS 1.3 session comes about: no application protocol',
  },
])('$name', async ({ options, client, engine }) => {
  const failed = new Promise<Error>((resolve, reject) => {
    const socket = connectTls({ ...fleet.address, rejectUnauthorized: false, ...options })
    socket.once('error', resolve).once('secureConnect', () => reject(new Error('connected')))
  })
  expect(String(await failed)).toMatch(client)
  await vi.waitFor(() => expect(fleet.heard.map(line => line.toLowerCase())).toContain(engine.toLowerCase()))
})

test('no TLS at all', async () => {
  const socket = connectTcp(fleet.address)
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket
    .on('error', () => {})
    .resume()
    .write('GET / HTTP/1.1\r\n\r\n')
  await closed
  await vi.waitFor(() =>
    expect(fleet.heard.some(line => line.startsWith('refused no TLS 1.3 session comes about'))).toBe(true),
  )
})

test('a man in the middle with another CA gets no token', async () => {
  const seen: string[] = []
  const pair = await foreign.issueServer(['127.0.0.1'], Date.now())
  const port = await impostor(seen, { key: pair.key, cert: `${pair.certificate}\n${foreign.certificate}` })
  const token = await fleet.token()
  const engine = { host: '127.0.0.1', port }
  const joining = joinEngine({ folder: join(fleet.folder, 'victim'), engine, token, node: 'one', network: 'bridged' })
  await expect(joining).rejects.toThrow(
    `whoever answers at 127.0.0.1:${port} is not this node's engine: the certificate is of another CA`,
  )
  expect(seen).toEqual([])
})

test('a man in the middle with the certificate of a node gets no token', async () => {
  const seen: string[] = []
  const { key, certificate } = await forged(own())
  const port = await impostor(seen, { key, cert: `${certificate}\n${own().certificate}` })
  const token = await fleet.token()
  const joining = joinEngine({
    folder: join(fleet.folder, 'victim'),
    engine: { host: '127.0.0.1', port },
    token,
    node: 'one',
    network: 'bridged',
  })
  await expect(joining).rejects.toThrow(/unsuitable certificate purpose|unsupported certificate purpose|does not name/)
  expect(seen).toEqual([])
})

test('a man in the middle with another CA gets no session of a node that joined', async () => {
  const seen: string[] = []
  const pair = await foreign.issueServer(['127.0.0.1'], Date.now())
  const port = await impostor(seen, { key: pair.key, cert: `${pair.certificate}\n${foreign.certificate}` })
  const identity = { ...(await fleet.join('one')), engine: { host: '127.0.0.1', port } }
  const agent = fleet.agent(identity)
  await vi.waitFor(() => expect(agent.heard).toHaveLength(1))
  expect(agent.heard[0]).toContain(`whoever answers at 127.0.0.1:${port} is not this node's engine`)
  expect(seen).toEqual([])
})

/** Answers like an engine, and notes what it is sent inside TLS. */
function impostor(seen: string[], { key, cert }: { key: string; cert: string }): Promise<number> {
  const server = createTlsServer({ key, cert, ALPNProtocols: [joinProtocol, sessionProtocol] }, socket => {
    socket.on('error', () => {})
    socket.on('data', data => seen.push(data.toString()))
  })
  servers.push(server)
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

test('a man in the middle who passes everything on reads nothing', async () => {
  const seen: Buffer[] = []
  const sockets: Socket[] = []
  const server = createTcpServer(client => {
    const engine = connectTcp(fleet.address)
    sockets.push(client, engine)
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      from.on('error', () => {})
      from.on('data', data => seen.push(data))
      from.pipe(to)
    }
  })
  servers.push(server)
  const port = await new Promise<number>(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  const token = await fleet.token()
  const secret = parseToken(token)?.secret ?? ''
  const identity = await joinEngine({
    folder: join(fleet.folder, 'victim'),
    engine: { host: '127.0.0.1', port },
    token,
    node: 'one',
    network: 'bridged',
  })
  expect(identity.node).toBe('one')
  for (const socket of sockets) socket.destroy()
  const wire = Buffer.concat(seen)
  expect(wire.length).toBeGreaterThan(1_000)
  expect(wire.includes(secret)).toBe(false)
  expect(wire.includes(createHash('sha256').update(secret).digest('hex'))).toBe(false)
})

test('the second agent with a certificate is told that the first one is there, which stays', async () => {
  const identity = await fleet.join('one')
  const first = fleet.agent(identity)
  await vi.waitFor(() => expect(first.heard).toContain('welcome'))
  const thief = fleet.agent(identity)
  await vi.waitFor(() => expect(thief.heard).toHaveLength(2))
  expect(thief.heard[0]).toMatch(
    /^refused: node one is connected already, from 127\.0\.0\.1:\d+; two agents have its certificate/,
  )
  expect(fleet.heard.some(line => line.startsWith('refused node one is connected already'))).toBe(true)
  expect(first.heard).toEqual(['welcome', 'authorities'])
})

test('a node that is revoked in mid-session is cut off, told why, and let in again by a token for it alone', async () => {
  const agent = fleet.agent(await fleet.join('one'))
  await vi.waitFor(() => expect(agent.heard).toContain('welcome'))
  await fleet.revocations.revoke('one', Date.now())
  fleet.frontDoor.end('one', { reason: 'the certificate of node one is revoked', remedy: 'join again' })
  await vi.waitFor(() => expect(agent.heard).toContain('refused: the certificate of node one is revoked; join again'))
  await vi.waitFor(() => expect(fleet.frontDoor.connected).toEqual(new Set()))
  const again = fleet.agent(await fleet.join('one'))
  await vi.waitFor(() => expect(again.heard).toContain('welcome'))
})
