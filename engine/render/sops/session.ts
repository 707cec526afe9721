/** One pass over the values of a file, in their order: opening them and checking the MAC, or sealing them and making it. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Unreadable } from '../source-text.ts'
import { changedRemedy, isSealed, openText, sealBytes } from './cipher.ts'
import type { Metadata } from './metadata.ts'
import { reads, selectorOf, type Selects } from './selection.ts'
import { canonical, textOf, textValue, type SopsValue } from './value.ts'

/** A value on its way; null stands for itself, and is neither encrypted nor counted. */
export interface Leaf {
  /** The keys that lead to it; places in lists do not count. */
  readonly path: readonly string[]
  readonly value: SopsValue | null
}

type Rules = Pick<Metadata, 'selection' | 'macOnlyEncrypted'>

/** What SOPS begins with where only encrypted values count: the SHA-256 of "sops". */
const onlyEncryptedSeed = Buffer.from('8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69', 'hex')

class Digest {
  readonly #hash = createHash('sha512')
  readonly #all: boolean

  constructor({ macOnlyEncrypted }: Rules) {
    this.#all = !macOnlyEncrypted
    if (macOnlyEncrypted) this.#hash.update(onlyEncryptedSeed)
  }

  count(bytes: Uint8Array, encrypted: boolean): void {
    if (encrypted || this.#all) this.#hash.update(bytes)
  }

  text(): string {
    return this.#hash.digest('hex').toUpperCase()
  }
}

/** What a pass that reads does with each value and comment. */
export interface Opener {
  /** The value that a leaf stands for; `opened` where it was encrypted. Throws where it cannot be. */
  leaf(leaf: Leaf): { value: SopsValue | null; opened: boolean }
  /** The comment that an item of a list is: SOPS writes the comments of a list so. Undefined where the item is a value. */
  item(leaf: Leaf): string | undefined
  comment(path: readonly string[], text: string): string
  /** Throws where the values are not those that were encrypted. */
  finish(): void
}

/** Ciphertexts by what they stand for, so that what was not edited stays as it is in the file. */
export type Kept = ReadonlyMap<string, string>

export class Opening implements Opener {
  readonly #metadata: Metadata
  readonly #dataKey: Uint8Array
  readonly #reads: ReturnType<typeof reads>
  readonly #digest: Digest
  readonly kept = new Map<string, string>()

  constructor(metadata: Metadata, dataKey: Uint8Array) {
    this.#metadata = metadata
    this.#dataKey = dataKey
    this.#reads = reads(metadata.selection)
    this.#digest = new Digest(metadata)
  }

  leaf({ path, value }: Leaf): { value: SopsValue | null; opened: boolean } {
    if (value === null) return { value, opened: false }
    const encrypted = this.#reads(path, textOf(value))
    const opened = encrypted && value.bytes.length > 0
    const read = opened ? this.#open(path, value) : value
    this.#digest.count(read.bytes, encrypted)
    return { value: read, opened }
  }

  item({ path, value }: Leaf): string | undefined {
    const text = value === null ? undefined : textOf(value)
    if (text?.endsWith(',type:comment]') !== true || !isSealed(text) || !this.#reads(path, text)) return undefined
    return textOf(openText(text, this.#lock(path))) ?? ''
  }

  /** Comments are not counted; one that was not encrypted is as it stands. */
  comment(path: readonly string[], text: string): string {
    if (!this.#reads(path, text) || !isSealed(text)) return text
    // A comment that an editor moved to another depth is left as it is: nothing depends on it.
    try {
      const opened = textOf(openText(text, this.#lock(path)))
      if (opened !== undefined) this.kept.set(nameOf(path, { type: 'comment', bytes: Buffer.from(opened) }), text)
      return opened ?? text
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      return text
    }
  }

  finish(): void {
    const lock = { dataKey: this.#dataKey, boundTo: this.#metadata.lastmodified }
    let mac: Uint8Array = new Uint8Array()
    try {
      mac = openText(this.#metadata.mac, lock).bytes
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
    }
    const found = Buffer.from(this.#digest.text())
    if (mac.length === found.length && timingSafeEqual(mac, found)) return
    throw new Unreadable(
      'the MAC does not fit: a value, its order, or sops.mac itself was changed after the file was encrypted',
      { remedy: changedRemedy },
    )
  }

  #open(path: readonly string[], sealed: SopsValue): SopsValue {
    const text = textOf(sealed) ?? ''
    const { type, bytes } = openText(text, this.#lock(path))
    if (type === 'comment') throw new Unreadable('a comment stands where a value must', { remedy: changedRemedy })
    const value = canonical({ type, bytes })
    this.kept.set(nameOf(path, value), text)
    return value
  }

  #lock(path: readonly string[]) {
    return { dataKey: this.#dataKey, boundTo: boundTo(path) }
  }
}

/** Reads a file without its key: an empty text stands for each value that is encrypted. */
export class Hiding implements Opener {
  readonly #reads: ReturnType<typeof reads>

  constructor({ selection }: Pick<Metadata, 'selection'>) {
    this.#reads = reads(selection)
  }

  leaf({ path, value }: Leaf): { value: SopsValue | null; opened: boolean } {
    const isHidden = value !== null && this.#reads(path, textOf(value))
    return isHidden ? { value: textValue(''), opened: true } : { value, opened: false }
  }

  item(): string | undefined {
    return undefined
  }

  comment(_path: readonly string[], text: string): string {
    return text
  }

  finish(): void {}
}

export class Sealing {
  readonly #dataKey: Uint8Array
  readonly #selects: Selects
  readonly #digest: Digest
  readonly #kept: Kept
  /** How many values were encrypted. */
  sealed = 0

  constructor(rules: Rules, { dataKey, kept = new Map() }: { readonly dataKey: Uint8Array; readonly kept?: Kept }) {
    this.#dataKey = dataKey
    this.#selects = selectorOf(rules.selection)
    this.#digest = new Digest(rules)
    this.#kept = kept
  }

  leaf({ path, value }: Leaf): SopsValue | null {
    if (value === null) return null
    const encrypted = this.#selects(path)
    this.#digest.count(value.bytes, encrypted)
    if (!encrypted) return value
    this.sealed += 1
    return textValue(this.#seal(path, value))
  }

  comment(path: readonly string[], text: string): string {
    return this.#selects(path) ? this.#seal(path, { type: 'comment', bytes: Buffer.from(text) }) : text
  }

  /** The MAC, encrypted. */
  mac(lastmodified: string): string {
    return sealBytes(textValue(this.#digest.text()), { dataKey: this.#dataKey, boundTo: lastmodified })
  }

  #seal(path: readonly string[], value: Parameters<typeof sealBytes>[0]): string {
    return this.#kept.get(nameOf(path, value)) ?? sealBytes(value, { dataKey: this.#dataKey, boundTo: boundTo(path) })
  }
}

function boundTo(path: readonly string[]): string {
  return `${path.join(':')}:`
}

function nameOf(path: readonly string[], { type, bytes }: Parameters<typeof sealBytes>[0]): string {
  return JSON.stringify([path, type, Buffer.from(bytes).toString('base64')])
}
