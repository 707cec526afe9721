import type { Manifest } from '../../api/manifest.ts'
import type { Problem } from '../../api/problem.ts'
import { isFields } from '../kustomize/fields.ts'
import type { ValuesLayer } from './release.ts'

/** Shorter values, such as a port or a flag, stand everywhere. */
const shortest = 5

/** The values of a release that come from Secrets and encrypted files, which no object but a Secret may show. */
export class Secrets {
  readonly #texts: readonly string[]

  /** What stands in `open`, the chart's own values, can be read by all and is no secret. */
  constructor(layers: readonly ValuesLayer[], open: string) {
    const known = [open, ...layers.filter(({ secret }) => !secret).flatMap(({ values }) => leavesOf(values))]
    const texts = layers.filter(({ secret }) => secret).flatMap(({ values }) => leavesOf(values))
    const hidden = texts.filter(text => text.length >= shortest && !known.some(each => each.includes(text)))
    this.#texts = [...new Set(hidden.flatMap(text => [text, Buffer.from(text).toString('base64')]))]
  }

  /** An error where an object that is recorded, planned and shown as it is holds one of them. */
  shownBy({ object, origin }: Manifest): Problem[] {
    if (object.kind === 'Secret' && object.apiVersion === 'v1') return []
    const shown = textsOf(object).some(text => this.#texts.some(secret => text.includes(secret)))
    if (!shown) return []
    const message = `${object.kind} ${object.metadata.name} would show a value that comes from a Secret or an encrypted file in plans and on the observed branch`
    const remedy = 'write it to a Secret in the chart, and refer to that (secretKeyRef, a volume)'
    return [{ ...origin, severity: 'error', message, remedy }]
  }
}

/** Every text and number in a value. */
function leavesOf(value: unknown): string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)]
  if (Array.isArray(value)) return value.flatMap(leavesOf)
  return isFields(value) ? Object.values(value).flatMap(leavesOf) : []
}

/** … and every name of a field. */
function textsOf(object: object): string[] {
  const names = (value: unknown): string[] =>
    Array.isArray(value)
      ? value.flatMap(names)
      : isFields(value)
        ? Object.entries(value).flatMap(([name, inner]) => [name, ...names(inner)])
        : []
  return [...leavesOf(object), ...names(object)]
}
