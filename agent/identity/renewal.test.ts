import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeAuthority } from '../../engine/fleet/authority.ts'
import type { Authority } from '../../engine/fleet/authority.ts'
import type { AgentMessage } from '../../engine/protocol/session.ts'
import { readIdentity, writeIdentity } from './identity.ts'
import type { Identity } from './identity.ts'
import { keepRenewed, renewalTime } from './renewal.ts'
import { makeKeyRequest } from './request.ts'

let folder: string
let authority: Authority
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-renewal-'))
  authority = await makeAuthority(join(folder, 'ca.pem'), Date.now())
})
afterEach(() => rm(folder, { recursive: true }))

function issue(request: string, { now = Date.now(), lifetime = 4_000, by = authority } = {}): Promise<string> {
  return by.issueNode('one', new x509.Pkcs10CertificateRequest(request).publicKey, { now, lifetime })
}

async function identity(validity: { now?: number; lifetime?: number } = {}): Promise<Identity> {
  const { key, request } = await makeKeyRequest('one')
  const engine = { host: '127.0.0.1', port: 7421 }
  return { node: 'one', engine, key, certificate: await issue(request, validity), authorities: authority.certificate }
}

test('it asks at two thirds of its life, and soon where a newer CA signs', async () => {
  const now = Math.floor(Date.now() / 1000) * 1000
  const day = 24 * 3600 * 1000
  const own = await identity({ now, lifetime: day })
  const backdate = 5 * 60 * 1000
  expect(renewalTime(own)).toBe(now - backdate + ((day + backdate) * 2) / 3)
  const newer = await makeAuthority(join(folder, 'newer.pem'), now + 1)
  const authorities = `${own.authorities}\n${newer.certificate}\n`
  expect(renewalTime({ ...own, authorities })).toBeLessThanOrEqual(now)
})

test('answers that come late, and twice, are taken once, and the agent goes on', async () => {
  const first = await identity()
  await writeIdentity(join(folder, 'identity'), first)
  const errors: unknown[] = []
  const renewal = keepRenewed({
    folder: join(folder, 'identity'),
    identity: first,
    onError: error => errors.push(error),
  })
  const requests: string[] = []
  const answers: Promise<void>[] = []
  const send = (message: AgentMessage): void => {
    if (message.type !== 'renew') return
    requests.push(message.request)
    // Longer than it waits before it asks again.
    const late = async (): Promise<void> => {
      const certificate = await issue(message.request)
      await new Promise(resolve => setTimeout(resolve, 700))
      renewal.hear({ type: 'certificate', certificate })
    }
    answers.push(late())
  }
  try {
    renewal.up(send)
    await vi.waitFor(() => expect(new Set(requests).size).toBeGreaterThanOrEqual(3), 15_000)
  } finally {
    renewal.close()
  }
  await Promise.all(answers)
  expect(errors).toEqual([])
  expect(requests.length).toBeGreaterThan(new Set(requests).size)
  // The last one may still be on its way to the disk.
  await vi.waitFor(async () => {
    const kept = await readIdentity(join(folder, 'identity'))
    expect(kept?.certificate).toBe(renewal.identity.certificate.trim())
  })
  const { serialNumber } = new X509Certificate(renewal.identity.certificate)
  expect(serialNumber).not.toBe(new X509Certificate(first.certificate).serialNumber)
})
