/** Encrypts files as SOPS does, each with a data key of its own, for an identity that the bench makes. */
import { randomBytes } from 'node:crypto'
import { generateIdentity } from 'age-encryption'
import { sealFile } from '../../engine/render/sops/file.ts'
import { Identities, sealDataKey } from '../../engine/render/sops/identities.ts'

export const identities = await Identities.read([{ name: 'bench', text: await generateIdentity() }])

/** A manifest with the values of its Secret encrypted. */
export async function sealed(manifest: string): Promise<string> {
  const dataKey = randomBytes(32)
  const metadata = {
    selection: { rule: 'encrypted_regex', pattern: '^(data|stringData)$' },
    macOnlyEncrypted: false,
    age: await sealDataKey(dataKey, [...identities.recipients]),
    others: [],
    lastmodified: '2026-01-02T03:04:05Z',
  } as const
  return Buffer.from(sealFile(Buffer.from(manifest), { format: 'yaml', dataKey, metadata }).bytes).toString()
}
