import { createHash, createHmac, randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { KubeObject } from '../api/types.ts'
import { makePrivateFolder, readIfThere, writeFileDurably } from '../../machine/files.ts'
import type { Digest } from './recordable.ts'

/** The key under which secret values become digests, and what it is called in them. */
export interface DigestKey {
  readonly id: string
  readonly key: Buffer
}

const written = /^gantry-digest:([0-9a-f]{8}):[0-9a-f]{64}$/

/** The key in a file (mode 0600), made where there is none. */
export async function ensureDigestKey(file: string): Promise<DigestKey> {
  const known = await readIfThere(file)
  const hex = known?.trim() ?? randomBytes(32).toString('hex')
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new TypeError(`${file} must hold 64 hexadecimal digits; restore it from a backup, or remove it for a new key`)
  }
  if (known === undefined) {
    await makePrivateFolder(dirname(file))
    await chmod(dirname(file), 0o700)
    await writeFileDurably(file, `${hex}\n`, { mode: 0o600 })
  }
  const key = Buffer.from(hex, 'hex')
  return { key, id: createHash('sha256').update('gantry digest key').update(key).digest('hex').slice(0, 8) }
}

/** `gantry-digest:<key id>:<HMAC-SHA256>`; what is such a text already (read back from the record) stays as it is. */
export function digestWith({ id, key }: DigestKey): Digest {
  return (value, place) => {
    if (written.test(value)) return value
    const hmac = createHmac('sha256', key).update(`${place.key}\0${place.field}\0`).update(value)
    return `gantry-digest:${id}:${hmac.digest('hex')}`
  }
}

/** Whether a Secret holds digests in place of its values, as `restore` gives it. */
export function holdsDigests({ data }: KubeObject): boolean {
  return Object.values(data ?? {}).some(value => typeof value === 'string' && written.test(value))
}

/**
 * Whether a Secret of the desired commit has the values that were recorded. `unknown` under another key: nobody can tell.
 */
export function matchesDigest(
  secret: KubeObject,
  recorded: KubeObject,
  { digestKey }: { readonly digestKey: DigestKey },
): 'same' | 'changed' | 'unknown' {
  const digest = digestWith(digestKey)
  const key = `${secret.metadata.namespace ?? ''}/${secret.metadata.name}`
  const values = textsOf(secret.data)
  const digests = textsOf(recorded.data)
  if (values.size !== digests.size || [...values.keys()].some(field => !digests.has(field))) return 'changed'
  const isForeign = [...digests.values()].some(text => written.exec(text)?.[1] !== digestKey.id)
  if (isForeign) return 'unknown'
  return [...values].every(([field, value]) => digest(value, { key, field }) === digests.get(field))
    ? 'same'
    : 'changed'
}

function textsOf(data: unknown): Map<string, string> {
  return new Map(Object.entries(data ?? {}).map(([field, value]) => [field, String(value)]))
}
