import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { readIdentity } from '../../agent/identity/identity.ts'
import { joinEngine } from '../../agent/identity/join.ts'
import { TestFleet } from '../../test/fleet.ts'

/** LIFETIME=60 RENEWALS=10 for as long a life as a test has patience for. */
const lifetime = Number(process.env['LIFETIME'] ?? 4) * 1000
const renewals = Number(process.env['RENEWALS'] ?? 3)

let fleet: TestFleet
afterEach(() => fleet.remove())

test(
  'certificates are renewed and the CA is replaced in mid-session, without a word of it in the session',
  async () => {
    fleet = await TestFleet.open({ lifetime, heartbeatSeconds: lifetime / 80_000 })
    const folder = join(fleet.folder, 'nodes', 'one')
    const agent = fleet.agent(await fleet.join('one'))
    const serials = new Set<string>()
    const issuer = (): string => new X509Certificate(agent.renewal.identity.certificate).issuer
    const watch = setInterval(() => {
      serials.add(new X509Certificate(agent.renewal.identity.certificate).serialNumber)
    }, 50)
    try {
      await vi.waitFor(() => expect(serials.size).toBeGreaterThan(renewals), lifetime * (renewals + 1))
      const before = issuer()
      await fleet.trust.rotate()
      await vi.waitFor(() => expect(issuer()).not.toBe(before), lifetime)
      expect(fleet.trust.authorities).toHaveLength(2)
      await vi.waitFor(() => expect(fleet.trust.authorities).toHaveLength(1), 3 * lifetime)
    } finally {
      clearInterval(watch)
    }
    expect(new Set(agent.heard)).toEqual(new Set(['welcome', 'authorities', 'certificate']))
    expect(agent.heard.filter(line => line === 'welcome')).toHaveLength(1)
    expect(fleet.heard).toEqual(['certificate one', 'joined one'])

    // What it keeps is what it goes on with: a new agent of the folder is let in by it, and by nobody's token.
    const kept = await readIdentity(folder)
    const { certificate, key, ...rest } = agent.renewal.identity
    expect(kept).toEqual({ ...rest, certificate: certificate.trim(), key: key.trim() })
    expect((await stat(join(folder, 'node.pem'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(folder, 'authorities.pem'), 'utf8')).toBe(kept?.authorities)
    agent.close()
    if (kept === undefined) throw new Error('no identity is kept')
    const next = fleet.agent(kept)
    await vi.waitFor(() => expect(next.heard).toContain('welcome'), 5_000)
  },
  lifetime * (renewals + 8),
)

test('an agent that renews nothing is cut off when its certificate expires', async () => {
  fleet = await TestFleet.open({ lifetime: 2_000 })
  const agent = fleet.agent(await fleet.join('one'))
  await vi.waitFor(() => expect(agent.heard).toContain('welcome'))
  agent.renewal.close()
  await vi.waitFor(() => expect(fleet.heard.some(line => line.startsWith('refused '))).toBe(true), 5_000)
  expect(fleet.heard.find(line => line.startsWith('refused '))).toMatch(/the certificate of node one expired at 20/)
  await vi.waitFor(() => expect(agent.heard.some(line => line.startsWith('refused: the certificate'))).toBe(true))
  expect(fleet.frontDoor.connected).toEqual(new Set())
})

test('a token of before a rotation, and one of during it, let a node in', async () => {
  fleet = await TestFleet.open({ lifetime: 60_000 })
  const before = await fleet.token({ node: 'one' })
  await fleet.trust.rotate()
  const during = await fleet.token({ node: 'two' })
  for (const [node, token] of [
    ['one', before],
    ['two', during],
  ] as const) {
    const identity = await joinEngine({
      folder: join(fleet.folder, 'nodes', node),
      engine: fleet.address,
      token,
      node,
      network: 'bridged',
    })
    const agent = fleet.agent(identity)
    await vi.waitFor(() => expect(agent.heard).toContain('welcome'))
  }
})
