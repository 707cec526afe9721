/** The age identities that open encrypted files. Their text is kept here and given to nobody. */
import { webcrypto } from 'node:crypto'
import { Decrypter, Encrypter, armor, identityToRecipient } from 'age-encryption'
import { Unreadable } from '../source-text.ts'
import type { AgeStanza, Recipients } from './metadata.ts'
import { refusal, type Refusal } from './refusal.ts'

const dataKeyBytes = 32
/** So many data keys are remembered: a commit's files are opened again whenever they are rendered. */
const remembered = 10_000

export class Identities {
  readonly recipients: ReadonlySet<string>
  readonly #decrypter: Decrypter
  readonly #dataKeys = new Map<string, Uint8Array>()

  private constructor(recipients: ReadonlySet<string>, decrypter: Decrypter) {
    this.recipients = recipients
    this.#decrypter = decrypter
  }

  /** Reads a file as age-keygen writes it: a key a line, `#` begins a comment. Throws with the line, never with the key. */
  static async read(sources: readonly { readonly name: string; readonly text: string }[]): Promise<Identities> {
    const decrypter = new Decrypter()
    const recipients = new Set<string>()
    for (const { name, text } of sources) {
      for (const [index, written] of text.split('\n').entries()) {
        const line = written.trim()
        if (line === '' || line.startsWith('#')) continue
        try {
          recipients.add(await identityToRecipient(line))
          decrypter.addIdentity(line.startsWith(x25519Prefix) ? await privateKey(line) : line)
        } catch {
          throw new Unreadable(`line ${index + 1} of ${name} is no age identity`, {
            remedy: 'write AGE-SECRET-KEY-1…, as gantry secret keygen makes it',
          })
        }
      }
    }
    return new Identities(recipients, decrypter)
  }

  /** The data key of a file. */
  async unlock({ age, others }: Recipients): Promise<Uint8Array | Refusal> {
    const mine = age.filter(({ recipient }) => this.recipients.has(recipient))
    for (const { enc } of [...mine, ...age.filter(stanza => !mine.includes(stanza))]) {
      const known = this.#dataKeys.get(enc)
      if (known !== undefined) return known
      const dataKey = await this.#open(enc)
      if (dataKey?.length !== dataKeyBytes) continue
      if (this.#dataKeys.size >= remembered) this.#dataKeys.clear()
      this.#dataKeys.set(enc, dataKey)
      return dataKey
    }
    return refusal({ age, others }, this.recipients.size)
  }

  async #open(enc: string): Promise<Uint8Array | undefined> {
    if (this.recipients.size === 0) return undefined
    try {
      return await this.#decrypter.decrypt(armor.decode(enc))
    } catch {
      // Encrypted for somebody else, or damaged: another stanza may open.
      return undefined
    }
  }
}

const x25519Prefix = 'AGE-SECRET-KEY-1'
const bech32Letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
/** What stands before the 32 bytes of a private X25519 key in PKCS #8 (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex')

/**
 * An identity that was checked, as a key that is imported once: from its text the library makes the key, and the public
 * one to it, anew for each file. A letter of Bech32 stands for five bits, the last six are its checksum.
 */
function privateKey(identity: string): Promise<webcrypto.CryptoKey> {
  const bits = [...identity.slice(x25519Prefix.length, -6).toLowerCase()]
    .map(letter => bech32Letters.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  const bytes = Array.from({ length: 32 }, (_, index) => Number.parseInt(bits.slice(8 * index, 8 * index + 8), 2))
  const key = Buffer.concat([pkcs8Head, Buffer.from(bytes)])
  return webcrypto.subtle.importKey('pkcs8', key, { name: 'X25519' }, false, ['deriveBits'])
}

/** Encrypts a data key for each recipient. Throws Unreadable for what is no age recipient. */
export async function sealDataKey(dataKey: Uint8Array, recipients: readonly string[]): Promise<AgeStanza[]> {
  const stanzas: AgeStanza[] = []
  for (const recipient of recipients) {
    const encrypter = new Encrypter()
    try {
      encrypter.addRecipient(recipient)
    } catch {
      throw new Unreadable(`${JSON.stringify(recipient)} is no age recipient`, {
        remedy: 'write age1…, the public key that gantry secret keygen prints',
      })
    }
    stanzas.push({ recipient, enc: `${armor.encode(await encrypter.encrypt(dataKey)).trimEnd()}\n` })
  }
  return stanzas
}
