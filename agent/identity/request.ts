/** A node's new key, and the request (PKCS#10) for a certificate of it. The key never leaves the node. */
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { NodeName } from '../../engine/api/types.ts'
import { nodeGroup, nodeUser } from '../../engine/protocol/joining.ts'

x509.cryptoProvider.set(webcrypto)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export interface KeyRequest {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly request: string
}

export async function makeKeyRequest(node: NodeName): Promise<KeyRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return { key: await exportKey(keys.privateKey), request: await requestOf(node, keys) }
}

async function requestOf(node: NodeName, keys: webcrypto.CryptoKeyPair): Promise<string> {
  const name = [{ O: [nodeGroup] }, { CN: [nodeUser(node)] }]
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })
  return request.toString('pem')
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}
