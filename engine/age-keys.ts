/** Where the age identities that open encrypted files come from: a flag, and the places where SOPS looks. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isMissing } from '../machine/files.ts'
import { Identities } from './render/sops/identities.ts'

export type Environment = Record<string, string | undefined>

/**
 * Reads the identities, and takes them out of the environment: no process that is started later inherits them. Undefined
 * where none is given. Rejects where one is named that cannot be read.
 */
export async function takeAgeKeys(
  file: string | undefined,
  env: Environment = process.env,
): Promise<Identities | undefined> {
  const { SOPS_AGE_KEY: key = '', SOPS_AGE_KEY_FILE: keyFile = '' } = env
  delete env['SOPS_AGE_KEY']
  delete env['SOPS_AGE_KEY_FILE']
  const named = file ?? (keyFile === '' ? undefined : keyFile)
  const path = named ?? defaultFile(env)
  const text = await readIdentities(path, { mayBeMissing: named === undefined })
  const sources = [
    ...(key === '' ? [] : [{ name: 'SOPS_AGE_KEY', text: key }]),
    ...(text === undefined ? [] : [{ name: path, text }]),
  ]
  if (sources.length === 0) return undefined
  const identities = await Identities.read(sources)
  if (identities.recipients.size > 0) return identities
  throw new Error(
    `${sources.map(({ name }) => name).join(' and ')} holds no age identity; gantry secret keygen makes one`,
  )
}

async function readIdentities(path: string, { mayBeMissing }: { mayBeMissing: boolean }): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (mayBeMissing && isMissing(error)) return undefined
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Error(`the age identities in ${path} cannot be read (${why}); name another file with --age-key-file`, {
      cause: error,
    })
  }
}

export function defaultFile(env: Environment = process.env): string {
  const { XDG_CONFIG_HOME: config = '' } = env
  return join(config === '' ? join(homedir(), '.config') : config, 'sops', 'age', 'keys.txt')
}
