import type { Recipients } from './metadata.ts'

/** A file whose data key no identity opens. */
export interface Refusal {
  readonly message: string
  readonly remedy: string
}

export function refusal({ age, others }: Recipients, identities: number): Refusal {
  const names = [...age.map(({ recipient }) => recipient), ...others]
  const given = identities === 0 ? 'no age key is given' : `none of the ${identities} age keys given opens it`
  return {
    message: `the file is encrypted for ${names.join(', ') || 'nobody'}, and ${given}`,
    remedy:
      age.length === 0
        ? 'encrypt it for an age recipient: keys of other kinds are not supported'
        : 'give the key of one of these age recipients: --age-key-file, SOPS_AGE_KEY_FILE or SOPS_AGE_KEY',
  }
}
