/** Encrypted files of the disk: read and opened with a key, sealed, and written. */
import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isMissing, writeFileDurably } from '../../machine/files.ts'
import { takeAgeKeys } from '../age-keys.ts'
import { Lines, Unreadable, decodeLoosely } from '../render/source-text.ts'
import { readEncrypted, sealFile, type SealedFile } from '../render/sops/file.ts'
import type { Format } from '../render/sops/format.ts'
import { sealDataKey } from '../render/sops/identities.ts'
import type { Metadata } from '../render/sops/metadata.ts'
import { refusal } from '../render/sops/refusal.ts'
import { selectorOf } from '../render/sops/selection.ts'
import { Opening, type Kept } from '../render/sops/session.ts'
import { CliError } from './failure.ts'

export interface OpenedSecret {
  readonly plain: Uint8Array
  readonly metadata: Metadata
  readonly dataKey: Uint8Array
  /** What the file holds, for what stays as it is. */
  readonly kept: Kept
}

export async function openSecret(
  path: string,
  { format, ageKeyFile }: { readonly format: Format; readonly ageKeyFile: string | undefined },
): Promise<OpenedSecret> {
  const bytes = await readInput(path)
  const file = inFile(path, bytes, () => readEncrypted(bytes, format))
  if (file === undefined)
    throw new CliError(`${path} is not encrypted`, { remedy: 'gantry secret encrypt encrypts it' })
  const { metadata } = file
  const identities = await takeAgeKeys(ageKeyFile)
  const dataKey = identities === undefined ? refusal(metadata, 0) : await identities.unlock(metadata)
  if (!(dataKey instanceof Uint8Array)) throw new CliError(`${path}: ${dataKey.message}`, { remedy: dataKey.remedy })
  const opening = new Opening(metadata, dataKey)
  const plain = inFile(path, bytes, () => file.open(opening))
  return { plain, metadata, dataKey, kept: opening.kept }
}

export interface SealRequest {
  readonly path: string
  readonly format: Format
  readonly rules: Pick<Metadata, 'selection' | 'macOnlyEncrypted'>
  readonly recipients: readonly string[]
}

/** Seals a file with a new data key. */
export async function sealAnew(
  plain: Uint8Array,
  { path, format, rules, recipients }: SealRequest,
): Promise<SealedFile> {
  const dataKey = randomBytes(32)
  const age = await sealDataKey(dataKey, recipients)
  const metadata = { ...rules, age, others: [], lastmodified: now() }
  return inFile(path, plain, () => sealFile(plain, { format, dataKey, metadata }))
}

/** Seals a file that was opened and changed: with its own data key, and what was not changed as it stood. */
export function sealAgain(
  plain: Uint8Array,
  { path, format, opened }: { readonly path: string; readonly format: Format; readonly opened: OpenedSecret },
): Uint8Array {
  const { dataKey, kept, metadata } = opened
  return inFile(path, plain, () =>
    sealFile(plain, { format, dataKey, kept, metadata: { ...metadata, lastmodified: now() } }),
  ).bytes
}

/** Whether Gantry can write a file again as it was: for keys of age alone, and not by comments. */
export function expectWritable(path: string, { others, selection }: Metadata): void {
  inFile(path, new Uint8Array(), () => selectorOf(selection))
  if (others.length === 0) return
  // Writing the file would shut out whoever holds another key.
  throw new CliError(`${path} is encrypted for ${others.join(', ')} too, for which Gantry cannot encrypt`, {
    remedy: 'change it with sops, or decrypt it and encrypt it for age recipients alone',
  })
}

export async function readInput(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) throw new CliError(`${path} does not exist`)
    throw error
  }
}

/** With the mode that the file has, if it is there. */
export async function writeOutput(path: string, bytes: Uint8Array, { mode }: { readonly mode: number }): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  await writeFileDurably(path, bytes, { mode: found === undefined ? mode : found.mode & 0o777 })
}

/** Runs a step that reads a file, and says where in it a mistake is. */
// oxlint-disable-next-line max-params -- the file, its contents, and the step
export function inFile<Result>(path: string, bytes: Uint8Array, step: () => Result): Result {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    const { message, remedy, offset } = error
    const place = offset === undefined ? undefined : new Lines(decodeLoosely(bytes)).at(offset)
    const where = place === undefined ? path : `${path}:${place.line}:${place.column}`
    throw new CliError(`${where}: ${message}`, remedy === undefined ? {} : { remedy })
  }
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z')
}
