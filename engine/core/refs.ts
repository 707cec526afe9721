import type { Ref } from '../api/reference.ts'

/** `Deployment shop/web` → its reference: what describeRef writes. */
export function splitRef(text: string): Ref {
  const space = text.indexOf(' ')
  return { kind: text.slice(0, space), key: text.slice(space + 1) }
}
