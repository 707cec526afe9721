/**
 * SSH signatures of commits, as `git verify-commit` reads them with gpg.format=ssh. The format:
 * https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
 */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { CommitReader, Oid } from './repository.ts'
import { parsePublicKey, verifyWith } from './ssh-key.ts'
import { encodeString, SshReader } from './ssh-wire.ts'

export interface SigningKey {
  readonly key: KeyObject
  /** The public half as SSH writes it. */
  readonly publicBlob: Buffer
}

const magic = 'SSHSIG'
const namespace = 'git'

/** An Ed25519 private key in PEM. */
export function parseSigningKey(pem: string): SigningKey {
  const key = createPrivateKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError(`commits are signed with an Ed25519 key, not with ${key.asymmetricKeyType}`)
  }
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  const publicBlob = Buffer.concat([encodeString('ssh-ed25519'), encodeString(Buffer.from(x, 'base64url'))])
  return { key, publicBlob }
}

/** `ssh-ed25519 AAAA…`: the line of an authorized_keys or allowed_signers file. */
export function publicKeyLine({ publicBlob }: SigningKey): string {
  return `ssh-ed25519 ${publicBlob.toString('base64')}`
}

/** The commit's bytes with the signature as its last header. */
export function signCommit(commit: Buffer, { key, publicBlob }: SigningKey): Buffer {
  const signature = sign(null, signedBytes('sha512', commit), key)
  const blob = Buffer.concat([
    Buffer.from(magic),
    Buffer.from([0, 0, 0, 1]),
    encodeString(publicBlob),
    encodeString(namespace),
    encodeString(''),
    encodeString('sha512'),
    encodeString(Buffer.concat([encodeString('ssh-ed25519'), encodeString(signature)])),
  ])
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? []
  const armored = ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----']
  const headersEnd = commit.indexOf('\n\n') + 1
  return Buffer.concat([
    commit.subarray(0, headersEnd),
    Buffer.from(`gpgsig ${armored.join('\n ')}\n`),
    commit.subarray(headersEnd),
  ])
}

/** Whether one of these keys (authorized_keys lines) signed the commit. A line that is no key is an error. */
export async function verifyCommit(
  reader: CommitReader,
  commit: Oid,
  allowedPublicKeys: readonly string[],
): Promise<boolean> {
  return isSignedBy(await reader.readRawCommit(commit), allowedPublicKeys)
}

export function isSignedBy(commit: Buffer, allowedPublicKeys: readonly string[]): boolean {
  const allowed = allowedPublicKeys.map(parsePublicKey)
  const split = splitSignature(commit)
  const parts = split && openSignature(split.armored)
  if (!split || !parts) return false
  const key = allowed.find(({ blob }) => blob.equals(parts.publicBlob))
  if (!key) return false
  return verifyWith(key, { data: signedBytes(parts.hash, split.payload), signature: parts.signature })
}

function signedBytes(hash: 'sha256' | 'sha512', message: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(magic),
    encodeString(namespace),
    encodeString(''),
    encodeString(hash),
    encodeString(createHash(hash).update(message).digest()),
  ])
}

/** The commit without its `gpgsig` header, and what that header says. */
function splitSignature(commit: Buffer): { payload: Buffer; armored: string } | undefined {
  const text = commit.toString('latin1')
  const headersEnd = text.indexOf('\n\n') + 1
  const match = /^gpgsig (.*\n(?: .*\n)*)/m.exec(text.slice(0, headersEnd))
  if (!match) return undefined
  const end = match.index + match[0].length
  return {
    payload: Buffer.concat([commit.subarray(0, match.index), commit.subarray(end)]),
    armored: match[1]?.replace(/^ /gm, '') ?? '',
  }
}

interface Signature {
  readonly publicBlob: Buffer
  readonly hash: 'sha256' | 'sha512'
  readonly signature: Buffer
}

/** Undefined for anything but an SSH signature of a commit: a PGP one is no signature by an SSH key. */
function openSignature(armored: string): Signature | undefined {
  const match = /^-----BEGIN SSH SIGNATURE-----\n([\s\S]*)\n-----END SSH SIGNATURE-----\n?$/.exec(armored)
  if (!match) return undefined
  try {
    const reader = new SshReader(Buffer.from(match[1] ?? '', 'base64'))
    const isVersion1 = reader.take(magic.length).toString() === magic && reader.number() === 1
    const publicBlob = reader.string()
    const isForGit = reader.string().toString() === namespace && reader.string().length === 0
    const hash = reader.string().toString()
    const signature = reader.string()
    if (!isVersion1 || !isForGit || (hash !== 'sha256' && hash !== 'sha512')) return undefined
    return { publicBlob, hash, signature }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
