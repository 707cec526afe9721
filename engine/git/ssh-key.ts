/** Public SSH keys as authorized_keys lines write them, and checking what they signed. */
import { createHash, createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { SshReader } from './ssh-wire.ts'

export interface PublicKey {
  readonly blob: Buffer
  readonly key: KeyObject
  /** What a security key (`sk-…`) mixes into all that it signs. */
  readonly application: Buffer | undefined
}

/** The base64 after a key's type; options may stand before it, a comment after it. */
const keyLine = /(?:^|\s)((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+)\s+([A-Za-z0-9+/]+=*)(?:\s|$)/

export function parsePublicKey(line: string): PublicKey {
  const match = keyLine.exec(line)
  try {
    if (match) return readKey(Buffer.from(match[2] ?? '', 'base64'))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  throw new TypeError(`${JSON.stringify(line)} is not a public SSH key, like "ssh-ed25519 AAAA… name"`)
}

const curves: Readonly<Record<string, { crv: string; bytes: number }>> = {
  nistp256: { crv: 'P-256', bytes: 32 },
  nistp384: { crv: 'P-384', bytes: 48 },
  nistp521: { crv: 'P-521', bytes: 66 },
}

function readKey(blob: Buffer): PublicKey {
  const reader = new SshReader(blob)
  const type = reader.string().toString()
  switch (type) {
    case 'ssh-ed25519':
    case 'sk-ssh-ed25519@openssh.com': {
      const key = fromJwk({ kty: 'OKP', crv: 'Ed25519', x: number(reader.string()) })
      return { blob, key, application: type.startsWith('sk-') ? reader.string() : undefined }
    }
    case 'ssh-rsa': {
      const e = number(reader.string())
      return { blob, key: fromJwk({ kty: 'RSA', e, n: number(reader.string()) }), application: undefined }
    }
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
    case 'sk-ecdsa-sha2-nistp256@openssh.com': {
      const curve = curves[reader.string().toString()]
      if (!curve) break
      // An uncompressed point: 4, x, y.
      const point = reader.string().subarray(1)
      const key = fromJwk({
        kty: 'EC',
        crv: curve.crv,
        x: point.subarray(0, curve.bytes).toString('base64url'),
        y: point.subarray(curve.bytes).toString('base64url'),
      })
      return { blob, key, application: type.startsWith('sk-') ? reader.string() : undefined }
    }
  }
  throw new RangeError(`no such type of key: ${type}`)
}

function fromJwk(jwk: Record<string, string>): KeyObject {
  return createPublicKey({ format: 'jwk', key: jwk })
}

function number(bytes: Buffer): string {
  return bytes.toString('base64url')
}

const hashes: Readonly<Record<string, string>> = {
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'sha256',
}

/** Whether the key made this SSH signature over the data. */
export function verifyWith(key: PublicKey, { data, signature }: { data: Buffer; signature: Buffer }): boolean {
  const reader = new SshReader(signature)
  const algorithm = reader.string().toString()
  const hash = hashes[algorithm]
  const bytes = reader.string()
  const signed = key.application ? withFlags(key.application, reader, data) : data
  switch (key.key.asymmetricKeyType) {
    case 'ed25519':
      return verify(null, signed, key.key, bytes)
    case 'rsa':
      // SHA-1 (`ssh-rsa`) is no longer a signature.
      return algorithm.startsWith('rsa-') && hash !== undefined && verify(hash, signed, key.key, bytes)
    case 'ec':
      return algorithm.includes('ecdsa-') && hash !== undefined && verify(hash, signed, key.key, derSignature(bytes))
    default:
      return false
  }
}

/** What a security key signs: hash of the application, flags and counter as given, hash of the data. */
function withFlags(application: Buffer, reader: SshReader, data: Buffer): Buffer {
  return Buffer.concat([sha256(application), reader.take(5), sha256(data)])
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** SSH's two integers as the DER sequence that OpenSSL reads. Both are encoded as DER integers already. */
function derSignature(bytes: Buffer): Buffer {
  const reader = new SshReader(bytes)
  const integers = [reader.string(), reader.string()].map(value =>
    Buffer.concat([Buffer.from([2, value.length]), value]),
  )
  const body = Buffer.concat(integers)
  const length = body.length < 128 ? [body.length] : [0x81, body.length]
  return Buffer.concat([Buffer.from([0x30, ...length]), body])
}
