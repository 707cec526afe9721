import { dirname, join, relative, resolve } from 'node:path'
import { readIfThere } from '../../machine/files.ts'
import { compose } from '../render/compose.ts'
import { readJson } from '../render/json.ts'
import { readYaml } from '../render/nodes.ts'
import { decode } from '../render/source-text.ts'
import { creationRule, creationRulesFile, recipientsOf, type CreationRule } from '../render/sops/creation-rules.ts'
import { readEncrypted } from '../render/sops/file.ts'
import { formatOf, type Format } from '../render/sops/format.ts'
import { isFields } from '../render/sops/metadata.ts'
import { defaultSelection, type Selection, type SelectionRule } from '../render/sops/selection.ts'
import { CliError, usageError } from './failure.ts'
import { expectWritable, inFile, openSecret, readInput, sealAnew, writeOutput } from './secret-file.ts'

export interface FileFlags {
  readonly inPlace?: boolean
  readonly output?: string
  readonly inputType?: Format
  readonly ageKeyFile?: string
}

export interface EncryptFlags extends FileFlags {
  readonly age?: string
  readonly encryptedRegex?: string
  readonly unencryptedRegex?: string
  readonly encryptedSuffix?: string
  readonly unencryptedSuffix?: string
  readonly macOnlyEncrypted: boolean
}

export interface RotateFlags extends FileFlags {
  readonly addAge?: string
  readonly rmAge?: string
}

export async function encrypt(path: string, flags: EncryptFlags): Promise<void> {
  const format = formatFor(path, flags)
  const plain = await readInput(path)
  if (inFile(path, plain, () => readEncrypted(plain, format)) !== undefined) {
    throw new CliError(`${path} is encrypted already`, { remedy: 'gantry secret edit changes it' })
  }
  const rule = await ruleFor(path)
  const recipients = flags.age === undefined ? (rule?.recipients ?? []) : recipientsOf(flags.age)
  if (recipients.length === 0) {
    throw usageError(
      `nothing says for whom to encrypt ${path}`,
      `name age recipients with --age, or in a rule of ${creationRulesFile}`,
    )
  }
  const selection =
    format === 'binary' ? defaultSelection : (selectionFor(flags, rule) ?? usualSelection(plain, format))
  const macOnlyEncrypted = flags.macOnlyEncrypted || rule?.macOnlyEncrypted === true
  const { bytes, sealed } = await sealAnew(plain, { path, format, recipients, rules: { selection, macOnlyEncrypted } })
  if (sealed === 0) {
    throw new CliError(`${path} has no value that ${selection.rule} ${JSON.stringify(selection.pattern)} selects`, {
      remedy: 'name others with --encrypted-regex',
    })
  }
  await write(path, bytes, { flags, mode: 0o644 })
}

export async function decrypt(path: string, flags: FileFlags): Promise<void> {
  const { plain } = await openSecret(path, { format: formatFor(path, flags), ageKeyFile: flags.ageKeyFile })
  await write(path, plain, { flags, mode: 0o600 })
}

export async function rotate(path: string, flags: RotateFlags): Promise<void> {
  const format = formatFor(path, flags)
  const { plain, metadata } = await openSecret(path, { format, ageKeyFile: flags.ageKeyFile })
  expectWritable(path, metadata)
  const removed = new Set(recipientsOf(flags.rmAge ?? ''))
  const wanted = [...metadata.age.map(({ recipient }) => recipient), ...recipientsOf(flags.addAge ?? '')]
  const recipients = [...new Set(wanted)].filter(each => !removed.has(each))
  if (recipients.length === 0) throw usageError('nobody would be able to open the file', 'keep one recipient')
  const { bytes } = await sealAnew(plain, { path, format, recipients, rules: metadata })
  await write(path, bytes, { flags, mode: 0o644 })
}

export function formatFor(path: string, { inputType }: FileFlags): Format {
  if (path.endsWith('.ini') && inputType === undefined) {
    throw usageError(`${path} is an ini file, whose keys Gantry does not tell apart`, 'say --input-type binary')
  }
  return inputType ?? formatOf(path)
}

/** The rule of the nearest `.sops.yaml`, from the file's folder upward. */
async function ruleFor(path: string): Promise<CreationRule | undefined> {
  const file = resolve(path)
  for (let folder = dirname(file), below = ''; folder !== below; below = folder, folder = dirname(folder)) {
    const rules = join(folder, creationRulesFile)
    const text = await readIfThere(rules)
    if (text === undefined) continue
    return inFile(rules, Buffer.from(text), () => creationRule(text, relative(folder, file)))
  }
  return undefined
}

function selectionFor(flags: EncryptFlags, rule: CreationRule | undefined): Selection | undefined {
  const given: readonly (readonly [SelectionRule, string | undefined])[] = [
    ['encrypted_regex', flags.encryptedRegex],
    ['unencrypted_regex', flags.unencryptedRegex],
    ['encrypted_suffix', flags.encryptedSuffix],
    ['unencrypted_suffix', flags.unencryptedSuffix],
  ]
  const named = given.flatMap(([name, pattern]) => (pattern === undefined ? [] : [{ rule: name, pattern }]))
  if (named.length > 1) throw usageError('at most one flag can say which values are encrypted', 'keep one of them')
  return named[0] ?? rule?.selection
}

/** Of Kubernetes Secrets the values alone, so that names and kinds stay readable; else all values. */
function usualSelection(plain: Uint8Array, format: Format): Selection {
  if (format !== 'yaml' && format !== 'json') return defaultSelection
  const text = decode(plain)
  const documents = format === 'yaml' ? readYaml(text) : readJson(text)
  const values = documents.map(document => compose(document).value)
  return values.some(value => isFields(value) && value['kind'] === 'Secret')
    ? { rule: 'encrypted_regex', pattern: '^(data|stringData)$' }
    : defaultSelection
}

async function write(
  path: string,
  bytes: Uint8Array,
  { flags, mode }: { readonly flags: FileFlags; readonly mode: number },
): Promise<void> {
  if (flags.inPlace === true && flags.output !== undefined) {
    throw usageError('--in-place and --output name two places', 'keep one of them')
  }
  const to = flags.inPlace === true ? path : flags.output
  if (to === undefined) process.stdout.write(bytes)
  else await writeOutput(to, bytes, { mode })
}
