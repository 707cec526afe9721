import type { Env } from '../cluster/view.ts'

/** Kubernetes's alphabet for generated names: neither vowels nor digits that look like letters. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
/** Kubernetes cuts the base so that the whole fits a DNS label. */
const baseLength = 63 - suffixLength

/** `web-` → `web-x7k2p`: a name that is not taken. */
export function generatedName(base: string, { env, taken }: { env: Env; taken: (name: string) => boolean }): string {
  for (;;) {
    const name = base.slice(0, baseLength) + suffix(env)
    if (!taken(name)) return name
  }
}

function suffix(env: Env): string {
  let text = ''
  for (let i = 0; i < suffixLength; i++) text += alphabet.charAt(Math.floor(env.random() * alphabet.length))
  return text
}
