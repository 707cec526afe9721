import { generateKeyPairSync } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makePrivateFolder, readIfThere, writeFileDurably } from '../../machine/files.ts'
import { parseSigningKey, publicKeyLine } from './signature.ts'

/** The Ed25519 key in a file (mode 0600, in a folder of 0700), made where there is none. Gives its public half as a line. */
export async function ensureSigningKey(file: string): Promise<string> {
  const known = await readIfThere(file)
  if (known !== undefined) return publicKeyLine(parseSigningKey(known))
  await makePrivateFolder(dirname(file))
  await chmod(dirname(file), 0o700)
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const line = publicKeyLine(parseSigningKey(pem))
  // The public half first, for git's allowed_signers: once the key is there, both are.
  await writeFileDurably(`${file}.pub`, `${line} gantry\n`, { mode: 0o644 })
  await writeFileDurably(file, pem, { mode: 0o600 })
  return line
}
