import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { expect, test } from 'vitest'
import { makeKeyRequest } from '../../agent/identity/request.ts'
import { checkNodeRequest } from './node-request.ts'

x509.cryptoProvider.set(webcrypto)

const keys = {
  ed25519: { name: 'Ed25519' },
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
} as const

async function request(name: string, kind: keyof typeof keys = 'p256'): Promise<string> {
  const signingAlgorithm = keys[kind]
  const pair = (await webcrypto.subtle.generateKey(signingAlgorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
  return (await x509.Pkcs10CertificateRequestGenerator.create({ name, keys: pair, signingAlgorithm })).toString('pem')
}

/** Another key than the one that signed: as an attacker would who wants a certificate for a key that he does not hold. */
async function withForeignKey(): Promise<string> {
  const mine = new x509.Pkcs10CertificateRequest(await request('O=system:nodes, CN=system:node:one'))
  const other = new x509.Pkcs10CertificateRequest(await request('O=system:nodes, CN=system:node:one'))
  const key = Buffer.from(mine.publicKey.rawData)
  const raw = Buffer.from(mine.rawData)
  raw.set(Buffer.from(other.publicKey.rawData), raw.indexOf(key))
  return new x509.Pkcs10CertificateRequest(raw).toString('pem')
}

test.each([
  { name: 'as the agent makes it', make: async () => (await makeKeyRequest('one')).request },
  { name: 'with Ed25519', make: () => request('O=system:nodes, CN=system:node:one', 'ed25519') },
])('granted: $name', async ({ make }) => {
  expect(await checkNodeRequest(await make(), 'one')).toBeInstanceOf(x509.PublicKey)
})

test.each([
  {
    name: 'no request',
    make: async () => 'hello',
    node: 'one',
    reason: 'the certificate request of node one is not signed by its key',
  },
  {
    name: 'a key that did not sign',
    make: withForeignKey,
    node: 'one',
    reason: 'the certificate request of node one is not signed by its key',
  },
  {
    name: 'another node',
    make: () => request('O=system:nodes, CN=system:node:two'),
    node: 'one',
    reason: 'node one asks for a certificate of "O=system:nodes, CN=system:node:two"',
  },
  {
    name: 'a group of more power',
    make: () => request('O=system:nodes, O=system:masters, CN=system:node:one'),
    node: 'one',
    reason: 'node one asks for a certificate of "O=system:nodes, O=system:masters, CN=system:node:one"',
  },
  {
    name: 'another curve',
    make: () => request('O=system:nodes, CN=system:node:one', 'p384'),
    node: 'one',
    reason: 'the key of node one is P-384',
  },
  {
    name: 'a name that is none',
    make: () => request('O=system:nodes, CN=system:node:../one'),
    node: '../one',
    reason: '"../one" is no name for a node',
  },
])('refused: $name', async ({ make, node, reason }) => {
  expect(await checkNodeRequest(await make(), node)).toMatchObject({ reason })
})
