import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeKeyRequest } from '../../agent/identity/request.ts'
import { makeAuthority } from './authority.ts'
import type { Authority } from './authority.ts'
import { judgeNodeCertificate } from './node-certificate.ts'
import type { NodeCertificate } from './node-certificate.ts'
import type { Refusal } from '../protocol/joining.ts'

const start = Date.UTC(2026, 9, 1, 12)
const hour = 3_600_000
let folder: string
let own: Authority
let foreign: Authority

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-certificates-'))
  own = await makeAuthority(join(folder, 'own.pem'), start)
  foreign = await makeAuthority(join(folder, 'foreign.pem'), start)
})
afterAll(() => rm(folder, { recursive: true }))

async function nodeCertificate(authority: Authority, at = start): Promise<Uint8Array> {
  const { request } = await makeKeyRequest('one')
  const { publicKey } = new x509.Pkcs10CertificateRequest(request)
  return der(await authority.issueNode('one', publicKey, { now: at, lifetime: 24 * hour }))
}

function der(pem: string): Uint8Array {
  return new X509Certificate(pem).raw
}

/** What no engine issues: a node's name on a certificate for servers. Signed with the CA's own key. */
async function nodeServer(): Promise<Uint8Array> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const [block] = x509.PemConverter.decode(await readFile(join(folder, 'own.pem'), 'utf8'))
  const signingKey = await webcrypto.subtle.importKey('pkcs8', block ?? new ArrayBuffer(0), algorithm, false, ['sign'])
  const { publicKey } = new x509.Pkcs10CertificateRequest((await makeKeyRequest('one')).request)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject: 'O=system:nodes, CN=system:node:one',
    issuer: new x509.X509Certificate(own.certificate).subject,
    notBefore: new Date(start - hour),
    notAfter: new Date(start + hour),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey,
    extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth])],
  })
  return new Uint8Array(certificate.rawData)
}

const again = 'join again, with a token from gantry token create --node one'
const cases: readonly {
  name: string
  show: () => Promise<Uint8Array | undefined>
  at?: number
  revokedAt?: number
  expected: NodeCertificate | Refusal
}[] = [
  {
    name: 'a good one',
    show: () => nodeCertificate(own),
    expected: { node: 'one', expiresAt: start + 24 * hour },
  },
  {
    name: 'none',
    show: async () => undefined,
    expected: { reason: 'it shows no certificate', remedy: 'join first, with a token from gantry token create' },
  },
  {
    name: 'of another CA',
    show: () => nodeCertificate(foreign),
    expected: {
      reason: "its certificate is of another CA than this cluster's",
      remedy: 'join this cluster, with a token of its own',
    },
  },
  {
    name: "the engine's own",
    show: async () => der((await own.issueServer(['127.0.0.1'], start)).certificate),
    expected: {
      reason: 'its certificate is no node\'s, but that of "CN=gantry"',
      remedy: 'show the certificate that the node got when it joined',
    },
  },
  {
    name: "a server's that goes by a node's name",
    show: nodeServer,
    expected: {
      reason: 'its certificate is no node\'s, but that of "O=system:nodes, CN=system:node:one"',
      remedy: 'show the certificate that the node got when it joined',
    },
  },
  {
    name: "the CA's own",
    show: async () => der(own.certificate),
    expected: {
      reason: `its certificate is no node's, but that of "CN=gantry-ca@${start}"`,
      remedy: 'show the certificate that the node got when it joined',
    },
  },
  {
    name: 'not yet valid',
    show: () => nodeCertificate(own, start + hour),
    expected: {
      reason:
        'the certificate of node one is not valid before 2026-10-01T12:55:00.000Z, and it is 2026-10-01T12:00:00.000Z',
      remedy: "set the clock of the engine's machine",
    },
  },
  {
    name: 'expired',
    show: () => nodeCertificate(own),
    at: start + 24 * hour,
    expected: { reason: 'the certificate of node one expired at 2026-10-02T12:00:00.000Z', remedy: again },
  },
  {
    name: 'a clock that goes a little behind is forgiven',
    show: () => nodeCertificate(own),
    at: start - hour / 30,
    expected: { node: 'one', expiresAt: start + 24 * hour },
  },
  {
    name: 'revoked',
    show: () => nodeCertificate(own),
    revokedAt: start,
    expected: { reason: 'the certificate of node one was revoked at 2026-10-01T12:00:00.000Z', remedy: again },
  },
  {
    name: 'issued after the node was revoked',
    show: () => nodeCertificate(own, start + 1),
    revokedAt: start,
    expected: { node: 'one', expiresAt: start + 24 * hour },
  },
]
test.each(cases)('$name', async ({ show, at = start, revokedAt, expected }) => {
  const authorities = [own.certificate]
  const judged = judgeNodeCertificate(await show(), { authorities, revokedAt: () => revokedAt, now: at })
  expect(judged).toEqual(expected)
})

test('while the CA is replaced, certificates of both are good', async () => {
  const authorities = [own.certificate, foreign.certificate]
  for (const authority of [own, foreign]) {
    const judged = judgeNodeCertificate(await nodeCertificate(authority), {
      authorities,
      revokedAt: () => undefined,
      now: start,
    })
    expect(judged).toMatchObject({ node: 'one' })
  }
})
