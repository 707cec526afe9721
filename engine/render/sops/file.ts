/** A whole file of any format: what it says of its encryption, opened, and sealed. */
import { isMap } from 'yaml'
import { readJson } from '../json.ts'
import { readYaml } from '../nodes.ts'
import { Unreadable, decode } from '../source-text.ts'
import { changedRemedy } from './cipher.ts'
import {
  changeDotenv,
  dotenvMetadata,
  metadataLines,
  metadataPrefix,
  parseDotenv,
  withoutMetadata,
  writeDotenv,
} from './dotenv-text.ts'
import type { Format } from './format.ts'
import { entryOf, jsonText, nodeOf } from './json-text.ts'
import { readMetadata, writeMetadata, type Metadata } from './metadata.ts'
import { findEncrypted, openNodes, placed, sealNodes, type EncryptedDocuments } from './nodes.ts'
import { Sealing, type Kept, type Opener } from './session.ts'
import { textOf, textValue } from './value.ts'
import { addMetadata, changeYaml, parseYaml, removeMetadata, writeYamlDocuments, type Change } from './yaml-text.ts'

/** A file that is encrypted, read but not opened. */
export interface EncryptedFile {
  readonly metadata: Metadata
  /** Where it says that it is encrypted. */
  readonly offset: number
  /** The plain file, after its MAC was checked. Throws Unreadable with the place. */
  open(opener: Opener, options?: OpenOptions): Uint8Array
}

interface OpenOptions {
  /** Every line of YAML is to stay where it is. */
  readonly linesKept?: boolean
}

/** Undefined where the file is not encrypted. Throws Unreadable where it cannot be read. */
export function readEncrypted(bytes: Uint8Array, format: Format): EncryptedFile | undefined {
  if (format === 'dotenv') return readEncryptedLines(decode(bytes))
  if (format === 'binary' && bytes[0] !== openingBrace) return undefined
  const text = decode(bytes)
  const found = findEncrypted(format === 'yaml' ? readYaml(text) : readJson(text))
  if (found === undefined) return undefined
  const { metadata, offset } = found
  switch (format) {
    case 'yaml':
      return { metadata, offset, open: (opener, options) => openYaml(text, { offset, opener, ...options }) }
    case 'json':
      return {
        metadata,
        offset,
        open: opener => Buffer.from(openNodes(found, { opener, format }).documents.map(jsonText).join('')),
      }
    case 'binary':
      return { metadata, offset, open: opener => openBinary(found, opener) }
  }
}

const openingBrace = 0x7b

/** A sign that a file may be encrypted, for a file of which nothing else is known: its MAC is. */
export function mayBeEncrypted(bytes: Buffer): boolean {
  return bytes.includes('ENC[AES256_GCM,')
}

function openYaml(
  text: string,
  { offset, opener, linesKept = false }: OpenOptions & { readonly offset: number; readonly opener: Opener },
): Uint8Array {
  const documents = parseYaml(text)
  removeMetadata(documents)
  changeYaml(documents, {
    leaf: (path, value) => opener.leaf({ path, value }).value,
    comment: (path, comment) => opener.comment(path, comment),
    item: (path, value) => opener.item({ path, value }),
    linesKept,
  })
  placed(offset, () => opener.finish())
  return Buffer.from(writeYamlDocuments(documents, { text, linesKept }))
}

/** The value of `data` in a JSON file, whose bytes need be no text. */
function openBinary({ documents, offset }: EncryptedDocuments, opener: Opener): Uint8Array {
  const [document] = documents
  const [entry, second] = document?.kind === 'mapping' ? document.entries : []
  const node = entry?.value
  if (node?.kind !== 'scalar' || second !== undefined) {
    throw new Unreadable('the file must hold one value, called data, beside sops', { offset, remedy: changedRemedy })
  }
  const { value } = placed(node.offset, () => opener.leaf({ path: ['data'], value: textValue(node.text) }))
  placed(offset, () => opener.finish())
  return value?.bytes ?? new Uint8Array()
}

function readEncryptedLines(text: string): EncryptedFile | undefined {
  const lines = parseDotenv(text)
  const fields = dotenvMetadata(lines)
  if (fields === undefined) return undefined
  const offset = lines.find(({ key }) => key?.startsWith(metadataPrefix))?.offset ?? 0
  return {
    metadata: placed(offset, () => readMetadata(fields)),
    offset,
    open(opener) {
      const opened = changeDotenv(withoutMetadata(lines), {
        leaf: (path, value) => opener.leaf({ path, value }).value,
        comment: (path, comment) => opener.comment(path, comment),
      })
      placed(offset, () => opener.finish())
      return Buffer.from(writeDotenv(opened))
    },
  }
}

export interface SealOptions {
  readonly format: Format
  readonly dataKey: Uint8Array
  readonly kept?: Kept
  readonly metadata: Omit<Metadata, 'mac'>
}

export interface SealedFile {
  readonly bytes: Uint8Array
  /** How many values are encrypted. */
  readonly sealed: number
}

/** The file encrypted, with its metadata. Throws Unreadable where it is no file of its format. */
export function sealFile(bytes: Uint8Array, { dataKey, kept, metadata, format }: SealOptions): SealedFile {
  const sealing = new Sealing(metadata, { dataKey, ...(kept === undefined ? {} : { kept }) })
  const finish = (): Metadata => ({ ...metadata, mac: sealing.mac(metadata.lastmodified) })
  return { bytes: sealedBytes(bytes, { format, sealing, finish }), sealed: sealing.sealed }
}

interface SealingFile {
  readonly format: Format
  readonly sealing: Sealing
  /** The metadata, once all values were sealed. */
  finish(): Metadata
}

function sealedBytes(bytes: Uint8Array, { format, sealing, finish }: SealingFile): Uint8Array {
  const change: Change = {
    leaf: (path, value) => sealing.leaf({ path, value }),
    comment: (path, text) => sealing.comment(path, text),
  }
  switch (format) {
    case 'yaml': {
      const text = decode(bytes)
      const documents = parseYaml(text)
      if (!documents.some(({ contents }) => isMap(contents))) throw new Unreadable(mappingNeeded)
      changeYaml(documents, change)
      addMetadata(documents, finish())
      return Buffer.from(writeYamlDocuments(documents, { text }))
    }
    case 'json': {
      const sealed = sealNodes(readJson(decode(bytes)), { sealing, format })
      const [document] = sealed
      if (document?.kind !== 'mapping' || sealed.length > 1) throw new Unreadable(mappingNeeded)
      return Buffer.from(jsonText({ ...document, entries: [...document.entries, metadataEntry(finish())] }))
    }
    case 'dotenv': {
      const lines = changeDotenv(parseDotenv(decode(bytes)), change)
      const end = lines.at(-1)?.value === '' ? lines.slice(0, -1) : lines
      return Buffer.from(`${writeDotenv([...end, ...metadataLines(finish())])}\n`)
    }
    case 'binary': {
      const data = textOf(sealing.leaf({ path: ['data'], value: { type: 'str', bytes } }) ?? { bytes })
      return Buffer.from(jsonText(nodeOf({ data, sops: writeMetadata(finish()) })))
    }
  }
}

const mappingNeeded = 'only a file whose top is a mapping can be encrypted'

function metadataEntry(metadata: Metadata) {
  return entryOf(['sops', writeMetadata(metadata)])
}
