/** Who this node is to its engine: kept in the agent's folder, for this user's eyes only. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { makePrivateFolder, readIfThere, writeFileDurably } from '../../machine/files.ts'
import { isDnsSubdomain } from '../../engine/api/names.ts'
import type { NodeName } from '../../engine/api/types.ts'
import { formatEngineAddress, parseEngineAddress } from '../../engine/protocol/address.ts'
import type { EngineAddress } from '../../engine/protocol/address.ts'

export interface Identity {
  readonly node: NodeName
  readonly engine: EngineAddress
  /** PEM: the certificate and its key. */
  readonly certificate: string
  readonly key: string
  /** PEM of every CA that is trusted; the last one signs. */
  readonly authorities: string
}

/** Undefined where the node never joined. */
export async function readIdentity(folder: string): Promise<Identity | undefined> {
  const place = await readIfThere(placeFile(folder))
  const pair = await readIfThere(pairFile(folder))
  const authorities = await readIfThere(authoritiesFile(folder))
  if (place === undefined || pair === undefined || authorities === undefined) return undefined
  try {
    const { node, engine } = JSON.parse(place) as { node: NodeName; engine: string }
    const [certificate = '', key = ''] = pair.split(/(?=-----BEGIN PRIVATE KEY)/).map(text => text.trim())
    const isPair = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
    const isAuthority = new X509Certificate(authorities).ca
    if (!isDnsSubdomain(node) || !isPair || !isAuthority) throw new Error('its parts do not belong together')
    return { node, engine: parseEngineAddress(engine, '--join'), certificate, key, authorities }
  } catch (cause) {
    throw new Error(`${folder} is damaged; remove it and join again, with a token from gantry token create`, { cause })
  }
}

/** Keeps all of it. The certificate last: without it the node has not joined. */
export async function writeIdentity(folder: string, identity: Identity): Promise<void> {
  await makePrivateFolder(folder)
  await writeEngine(folder, identity)
  await writeAuthorities(folder, identity.authorities)
  await writePair(folder, identity)
}

export async function writeEngine(folder: string, { node, engine }: Pick<Identity, 'node' | 'engine'>): Promise<void> {
  const text = `${JSON.stringify({ node, engine: formatEngineAddress(engine) })}\n`
  await writeFileDurably(placeFile(folder), text, { mode: 0o600 })
}

export async function writeAuthorities(folder: string, authorities: string): Promise<void> {
  await writeFileDurably(authoritiesFile(folder), authorities, { mode: 0o600 })
}

/** Certificate and key in one file: no crash leaves one without the other. */
export async function writePair(folder: string, pair: Pick<Identity, 'certificate' | 'key'>): Promise<void> {
  await writeFileDurably(pairFile(folder), `${pair.certificate.trim()}\n${pair.key.trim()}\n`, { mode: 0o600 })
}

export function expiryOf({ certificate }: Pick<Identity, 'certificate'>): number {
  return Date.parse(new X509Certificate(certificate).validTo)
}

const placeFile = (folder: string): string => join(folder, 'engine.json')
const pairFile = (folder: string): string => join(folder, 'node.pem')
const authoritiesFile = (folder: string): string => join(folder, 'authorities.pem')
