import { toBase64 } from '../base64.ts'
import type { Secret } from '../types.ts'
import type { Given } from './given.ts'

export type GivenSecret = Given<Secret, 'type'> & { readonly stringData?: Readonly<Record<string, string>> }

/** `stringData` is only for writing: it goes into `data`, over what is there under the same key. */
export function defaultSecret(secret: GivenSecret): Secret {
  const { stringData, ...rest } = secret
  const type = secret.type === undefined || secret.type === '' ? 'Opaque' : secret.type
  if (!stringData) return { ...rest, type }
  const encoded = Object.fromEntries(Object.entries(stringData).map(([key, text]) => [key, toBase64(text)]))
  return { ...rest, data: { ...secret.data, ...encoded }, type }
}
