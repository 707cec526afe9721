/** A certificate authority of the engine: made at first start, its key readable by this user alone. */
import 'reflect-metadata'
import { createHash, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { readIfThere, writeFileDurably } from '../../machine/files.ts'
import { nodeGroup, nodeUser } from '../protocol/joining.ts'
import type { NodeName } from '../api/types.ts'

x509.cryptoProvider.set(webcrypto)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const day = 24 * 60 * 60 * 1000
const caLifetime = 3650 * day
/** A certificate counts from a little before it was made, for machines whose clocks go behind. */
const longestBackdate = 5 * 60 * 1000

export interface Authority {
  /** PEM. */
  readonly certificate: string
  /** SHA-256 of its public key (SubjectPublicKeyInfo), in hex. */
  readonly pin: string
  /** When it was made (milliseconds since 1970). */
  readonly madeAt: number
  /** A key and certificate for a server that is reached by these names and addresses. PEM. */
  issueServer(names: readonly string[], now: number, lifetime?: number): Promise<KeyPair>
  /** A client certificate for `system:node:<node>`. PEM. */
  issueNode(node: NodeName, publicKey: x509.PublicKey, validity: { now: number; lifetime: number }): Promise<string>
}

export interface KeyPair {
  readonly key: string
  readonly certificate: string
}

export const serverLifetime = 90 * day

/** Reads the authority of a data folder's `keys`, or makes it. */
export async function loadAuthority(folder: string, now: number): Promise<Authority> {
  const file = join(folder, 'ca.pem')
  return (await readAuthority(file)) ?? (await makeAuthority(file, now))
}

/** Undefined where there is none. */
export async function readAuthority(file: string): Promise<Authority | undefined> {
  const pem = await readIfThere(file)
  if (pem === undefined) return undefined
  try {
    return await parseAuthority(pem)
  } catch (cause) {
    const remedy = 'restore it from a backup; without it every node must join again'
    throw new Error(`${file} is damaged, and it holds the CA of the cluster: ${remedy}`, { cause })
  }
}

async function parseAuthority(pem: string): Promise<Authority> {
  const blocks = x509.PemConverter.decodeWithHeaders(pem)
  const key = blocks.find(({ type }) => type === 'PRIVATE KEY')
  const certificate = blocks.find(({ type }) => type === 'CERTIFICATE')
  if (key === undefined || certificate === undefined) throw new Error('it holds no key and certificate')
  const privateKey = await webcrypto.subtle.importKey('pkcs8', key.rawData, algorithm, true, ['sign'])
  return authority(privateKey, new x509.X509Certificate(certificate.rawData))
}

/** Makes an authority and keeps it in `file`: key and certificate in one, so that no crash leaves one without the other. */
export async function makeAuthority(file: string, now: number): Promise<Authority> {
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(now),
    // Two authorities that are trusted at a time go by different names.
    name: `CN=gantry-ca@${now}`,
    notBefore: new Date(now - day),
    notAfter: new Date(now + caLifetime),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pem = `${await exportKey(keys.privateKey)}\n${certificate.toString('pem')}\n`
  await writeFileDurably(file, pem, { mode: 0o600 })
  return authority(keys.privateKey, certificate)
}

function authority(caKey: webcrypto.CryptoKey, ca: x509.X509Certificate): Authority {
  /** What the certificates of servers and nodes have in common. */
  const issue = async (subject: x509.JsonName, publicKey: x509.PublicKeyType, given: Given): Promise<string> => {
    const { now, lifetime, usage, more } = given
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(now),
      subject,
      issuer: ca.subject,
      notBefore: new Date(now - Math.min(longestBackdate, lifetime / 10)),
      notAfter: new Date(now + lifetime),
      signingAlgorithm: algorithm,
      publicKey,
      signingKey: caKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...more,
        await x509.AuthorityKeyIdentifierExtension.create(ca),
      ],
    })
    return certificate.toString('pem')
  }
  return {
    certificate: ca.toString('pem'),
    pin: pinOf(ca.publicKey.rawData),
    madeAt: issuedAt(ca.serialNumber),
    async issueServer(names, now, lifetime = serverLifetime) {
      const keys = await generateKeys()
      const alternatives = new x509.SubjectAlternativeNameExtension(
        names.map(name => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name })),
      )
      const usage = x509.ExtendedKeyUsage.serverAuth
      const given = { now, lifetime, usage, more: [alternatives] }
      return {
        key: await exportKey(keys.privateKey),
        certificate: await issue([{ CN: ['gantry'] }], keys.publicKey, given),
      }
    },
    issueNode(node, publicKey, { now, lifetime }) {
      const subject = [{ O: [nodeGroup] }, { CN: [nodeUser(node)] }]
      return issue(subject, publicKey, { now, lifetime, usage: x509.ExtendedKeyUsage.clientAuth, more: [] })
    },
  }
}

interface Given {
  readonly now: number
  readonly lifetime: number
  readonly usage: x509.ExtendedKeyUsage
  readonly more: readonly x509.Extension[]
}

/** SHA-256 of a SubjectPublicKeyInfo, in hex. */
export function pinOf(publicKey: ArrayBuffer | Uint8Array): string {
  return createHash('sha256').update(new Uint8Array(publicKey)).digest('hex')
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

/** The time in milliseconds, 48 bits, then 80 random ones: positive, as RFC 5280 asks, and it tells when it was issued. */
function serialNumber(now: number): string {
  return now.toString(16).padStart(12, '0') + randomBytes(10).toString('hex')
}

/** When a certificate with this serial number was issued (milliseconds since 1970). */
export function issuedAt(serial: string): number {
  return Number.parseInt(serial.padStart(32, '0').slice(0, 12), 16)
}
