import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { dirname } from 'node:path'
import { makePrivateFolder, writeSynced } from '../../machine/files.ts'
import { defaultFile } from '../age-keys.ts'
import { CliError } from './failure.ts'

/** Makes an age identity in a file of its own, as age-keygen writes it; one that is there is never replaced. */
export async function keygen({ output }: { readonly output?: string }): Promise<void> {
  const path = output ?? defaultFile()
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  const text = `# created: ${new Date().toISOString()}\n# public key: ${recipient}\n${identity}\n`
  if (output === undefined) await makePrivateFolder(dirname(path))
  try {
    await writeSynced(path, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    throw new CliError(`${path} exists, and a key that is lost opens nothing`, { remedy: 'name another file with -o' })
  }
  process.stderr.write(`gantry: wrote ${path}; keep a copy where the repository is not\n`)
  process.stdout.write(`${recipient}\n`)
}
