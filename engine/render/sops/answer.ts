/** What a worker answers about a file that a unit of several files reads, and that may be encrypted. */
import { readJson } from '../json.ts'
import type { FileProblem, OpenedFile } from '../known-paths.ts'
import { readYaml } from '../nodes.ts'
import { Lines, Unreadable, decode, decodeLoosely } from '../source-text.ts'
import { readEncrypted, type EncryptedFile } from './file.ts'
import type { Format } from './format.ts'
import { hidden, type FileKey } from './file-key.ts'
import { openManifests, openerFor } from './manifests.ts'
import type { Recipients } from './metadata.ts'
import { findEncrypted } from './nodes.ts'

export interface OpeningOptions {
  readonly format: Format
  readonly key: FileKey | undefined
}

/** Plain JSON: it crosses threads. */
export type OpeningAnswer =
  | { readonly kind: 'plain' }
  | { readonly kind: 'locked'; readonly recipients: Recipients; readonly line: number; readonly column: number }
  | { readonly kind: 'opened'; readonly file: OpenedFile }
  | { readonly kind: 'problem'; readonly problem: FileProblem }

export function answerOpening(bytes: Uint8Array, { format, key }: OpeningOptions): OpeningAnswer {
  const lines = new Lines(decodeLoosely(bytes))
  try {
    const file = readEncrypted(bytes, format)
    if (file === undefined) return { kind: 'plain' }
    const { age, others } = file.metadata
    const place = lines.at(file.offset)
    if (key === undefined) return { kind: 'locked', recipients: { age, others }, ...place }
    const opened = base64(file.open(openerFor(file, key)))
    const manifests = openAsManifests(bytes, { file, format, key, lines })
    return { kind: 'opened', file: { opened, manifests, ...(key === hidden ? { unchecked: place } : {}) } }
  } catch (error) {
    return { kind: 'problem', problem: problemOf(error, lines) }
  }
}

interface ManifestOptions {
  readonly file: EncryptedFile
  readonly format: Format
  readonly key: FileKey
  readonly lines: Lines
}

/** The file with its lines where they are, for messages to name them; or why it gives no Secrets. */
function openAsManifests(bytes: Uint8Array, { file, format, key, lines }: ManifestOptions): OpenedFile['manifests'] {
  if (format !== 'yaml' && format !== 'json')
    return { ...lines.at(file.offset), message: 'the file holds no manifests' }
  const text = decode(bytes)
  const encrypted = findEncrypted(format === 'yaml' ? readYaml(text) : readJson(text))
  try {
    if (encrypted !== undefined) openManifests(encrypted, { key, format })
    return base64(file.open(openerFor(file, key), { linesKept: true }))
  } catch (error) {
    return problemOf(error, lines)
  }
}

function problemOf(error: unknown, lines: Lines): FileProblem {
  if (!(error instanceof Unreadable)) throw error
  const { message, remedy, offset } = error
  const place = offset === undefined ? { line: 0, column: 0 } : lines.at(offset)
  return { ...place, message, ...(remedy === undefined ? {} : { remedy }) }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
