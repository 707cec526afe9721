import type { KnownFile } from './known-paths.ts'
import type { Pool } from './pool.ts'
import type { OpeningAnswer } from './sops/answer.ts'
import { mayBeEncrypted } from './sops/file.ts'
import { formatOf } from './sops/format.ts'
import type { KeyRing } from './sops/key-ring.ts'

export interface OpenFileOptions {
  readonly pool: Pool
  readonly keyRing: KeyRing
}

/** A file as a worker is handed it: opened where it is encrypted, by a worker that is given the key of this file alone. */
export async function contentsOf(
  { path, bytes }: { readonly path: string; readonly bytes: Buffer },
  { pool, keyRing }: OpenFileOptions,
): Promise<KnownFile | { readonly failure: string }> {
  const plain = { base64: bytes.toString('base64') }
  if (!mayBeEncrypted(bytes)) return plain
  const ask = async (key?: string): Promise<OpeningAnswer | { readonly failure: string }> => {
    const options = {
      language: 'sops',
      format: formatOf(path),
      validate: true,
      ...(key === undefined ? {} : { key }),
    } as const
    const result = await pool.run(bytes, options)
    return 'failure' in result ? result : JSON.parse(result.unit)
  }
  let answer = await ask()
  if ('kind' in answer && answer.kind === 'locked') {
    const { recipients, line, column } = answer
    const key = await keyRing.keyOf(recipients)
    if (typeof key !== 'string') return { problem: { line, column, ...key } }
    answer = await ask(key)
  }
  if ('failure' in answer) return { failure: `reads ${path}, which ${answer.failure}` }
  switch (answer.kind) {
    case 'plain':
    case 'locked':
      return plain
    case 'opened':
      return answer.file
    case 'problem':
      return { problem: answer.problem }
  }
}
