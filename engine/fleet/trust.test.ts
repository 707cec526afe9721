import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openTrust, RotationOnItsWay } from './trust.ts'
import type { Trust } from './trust.ts'

let folder: string
const open: Trust[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-trust-'))
})
afterEach(async () => {
  for (const trust of open.splice(0)) trust.close()
  await rm(folder, { recursive: true })
})

async function start(lifetime?: number): Promise<Trust> {
  const trust = await openTrust({
    folder,
    names: ['127.0.0.1', 'box'],
    lifetime,
    onTrouble: error => {
      throw error
    },
  })
  open.push(trust)
  return trust
}

const pins = (trust: Trust): readonly string[] => trust.authorities.map(({ pin }) => pin)
const issuerOf = (trust: Trust): string => new X509Certificate(trust.server.certificate).issuer

test('the CA outlives a restart, its key for this user alone', async () => {
  const first = await start()
  const second = await start()
  expect(pins(second)).toEqual(pins(first))
  expect((await stat(join(folder, 'ca.pem'))).mode & 0o777).toBe(0o600)
  const { subjectAltName } = new X509Certificate(second.server.certificate)
  expect(subjectAltName).toBe('IP Address:127.0.0.1, DNS:box')
})

test('the certificate of the engine is renewed before it expires', async () => {
  const trust = await start(1_500)
  const seen: string[] = []
  trust.onChange(() => seen.push(new X509Certificate(trust.server.certificate).serialNumber))
  await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(3), 10_000)
  expect(new Set(seen).size).toBe(seen.length)
})

test('a rotation trusts both, signs with the new one, shows the old one, and ends by itself', async () => {
  const trust = await start(3_000)
  const [old = ''] = pins(trust)
  const oldIssuer = issuerOf(trust)
  const end = await trust.rotate()
  expect(end).toBe(trust.rotationEndsAt)
  expect(pins(trust)).toHaveLength(2)
  expect(pins(trust)[0]).toBe(old)
  expect(trust.signing.pin).toBe(pins(trust)[1])
  expect(issuerOf(trust)).toBe(oldIssuer)
  await expect(trust.rotate()).rejects.toThrow(RotationOnItsWay)
  const next = trust.signing.pin
  await vi.waitFor(() => expect(pins(trust)).toEqual([next]), 10_000)
  expect(issuerOf(trust)).not.toBe(oldIssuer)
  expect(await readdir(folder)).toEqual(['ca.pem'])
})

test('a restart goes on with a rotation, and ends one that is over', async () => {
  const first = await start(60_000)
  await first.rotate()
  const second = await start(60_000)
  expect(pins(second)).toEqual(pins(first))
  expect(second.rotationEndsAt).toBe(first.rotationEndsAt)
  const third = await start(1)
  expect(pins(third)).toEqual([first.signing.pin])
})
