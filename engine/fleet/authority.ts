/** The engine's certificate authority: made at first start, its key readable by this user alone. */
import 'reflect-metadata'
import { webcrypto, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { writeFileDurably } from '../../machine/files.ts'

x509.cryptoProvider.set(webcrypto)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const day = 24 * 60 * 60 * 1000

export interface Authority {
  /** PEM. */
  readonly certificate: string
  /** A key and certificate for a server that is reached by these names and addresses, good for 90 days. PEM. */
  issueServer(names: readonly string[], now: number): Promise<{ key: string; certificate: string }>
}

/** Reads the authority of a data folder's `keys`, or makes it. */
export async function loadAuthority(folder: string, now: number): Promise<Authority> {
  const keyFile = join(folder, 'ca.key')
  const certificateFile = join(folder, 'ca.crt')
  const keyPem = await readFile(keyFile, 'utf8').catch(() => undefined)
  const certificatePem = await readFile(certificateFile, 'utf8').catch(() => undefined)
  if (keyPem !== undefined && certificatePem !== undefined) {
    const key = await importKey(keyPem)
    return authority(key, new x509.X509Certificate(certificatePem))
  }
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Gantry cluster CA',
    notBefore: new Date(now - day),
    notAfter: new Date(now + 3650 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  // The certificate last: where it is missing, both are made anew, and nobody has seen the first.
  await writeFileDurably(keyFile, await exportKey(keys.privateKey), { mode: 0o600 })
  await writeFileDurably(certificateFile, certificate.toString('pem'), { mode: 0o600 })
  return authority(keys.privateKey, certificate)
}

function authority(caKey: webcrypto.CryptoKey, ca: x509.X509Certificate): Authority {
  return {
    certificate: ca.toString('pem'),
    async issueServer(names, now) {
      const keys = await generateKeys()
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: 'CN=gantry',
        issuer: ca.subject,
        notBefore: new Date(now - day),
        notAfter: new Date(now + 90 * day),
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey,
        signingKey: caKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(
            names.map(name => ({ type: /^[\d.]+$|:/.test(name) ? 'ip' : 'dns', value: name })),
          ),
          await x509.AuthorityKeyIdentifierExtension.create(ca),
        ],
      })
      return { key: await exportKey(keys.privateKey), certificate: certificate.toString('pem') }
    },
  }
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem)
  if (der === undefined) throw new Error('ca.key holds no private key; restore it from a backup')
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
}

/** 16 random bytes with the top bit clear: a positive number, as RFC 5280 asks. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('hex')
}
