/** What the main thread does about encrypted files: workers read them, but only here are the identities. */
import { hidden, type FileKey } from './file-key.ts'
import type { Identities } from './identities.ts'
import type { Recipients } from './metadata.ts'
import { refusal, type Refusal } from './refusal.ts'

export interface KeyRing {
  keyOf(recipients: Recipients): Promise<FileKey | Refusal>
}

interface KeyRingOptions {
  readonly identities: Identities | undefined
  /** Whether a file that no identity opens is read without its values, or not at all. */
  readonly withoutKey: 'hide' | 'refuse'
}

export function createKeyRing({ identities, withoutKey }: KeyRingOptions): KeyRing {
  return {
    async keyOf(recipients) {
      const found = identities === undefined ? refusal(recipients, 0) : await identities.unlock(recipients)
      if (found instanceof Uint8Array) return Buffer.from(found).toString('base64')
      return withoutKey === 'hide' ? hidden : found
    },
  }
}
