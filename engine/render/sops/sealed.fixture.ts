/** Files encrypted for the key of the vectors, which opens nothing else. */
import { readFileSync } from 'node:fs'
import { sealFile } from './file.ts'
import type { Format } from './format.ts'
import { Identities, sealDataKey } from './identities.ts'
import type { Selection } from './selection.ts'

export const testKeyFile = new URL('vectors/key.txt', import.meta.url).pathname

export function testIdentities(): Promise<Identities> {
  return Identities.read([{ name: 'key.txt', text: readFileSync(testKeyFile, 'utf8') }])
}

const dataOnly: Selection = { rule: 'encrypted_regex', pattern: '^(data|stringData)$' }
const all: Selection = { rule: 'unencrypted_suffix', pattern: '_unencrypted' }

export async function sealedText(
  plain: string,
  {
    format = 'yaml',
    whole = format === 'dotenv' || format === 'binary',
  }: { readonly format?: Format; readonly whole?: boolean } = {},
): Promise<string> {
  const dataKey = Buffer.alloc(32, 7)
  const age = await sealDataKey(dataKey, [...(await testIdentities()).recipients])
  const rules = { selection: whole ? all : dataOnly, macOnlyEncrypted: false }
  const metadata = { ...rules, age, others: [], lastmodified: '2026-01-02T03:04:05Z' }
  return Buffer.from(sealFile(Buffer.from(plain), { format, dataKey, metadata }).bytes).toString()
}
