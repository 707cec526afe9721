import { createHash } from 'node:crypto'
import { fieldOf, isFields, textOf, type Fields } from './fields.ts'

/** What Kustomize appends to the name of a generated ConfigMap or Secret: ten letters that follow from its contents. */
export function hashOf(object: Fields): string {
  const hex = createHash('sha256')
    .update(goJson(hashed(object)))
    .digest('hex')
  return Array.from(hex.slice(0, 10), digit => readable[digit] ?? digit).join('')
}

/** So that no hash looks like a word. */
const readable: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' }

function hashed(object: Fields): unknown {
  const kind = textOf(object, 'kind')
  // Without its name: so that a prefix changes no hash.
  const common = { kind, name: '', data: fieldOf(object, 'data') ?? '' }
  switch (kind) {
    case 'ConfigMap':
      return { ...common, ...where(object, 'binaryData') }
    case 'Secret':
      return { ...common, type: fieldOf(object, 'type') ?? '', ...where(object, 'stringData') }
    default:
      return object
  }
}

function where(object: Fields, name: string): Fields {
  const value = fieldOf(object, name)
  return isFields(value) ? { [name]: value } : {}
}

/** JSON as Go writes it: keys in the order of their bytes, and what HTML would read as a tag escaped. */
function goJson(value: unknown): string {
  return sorted(value).replace(/[<>&\u2028\u2029]/g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`
  if (!isFields(value)) return JSON.stringify(value) ?? 'null'
  const fields = Object.keys(value)
    .sort(byCodePoint)
    .map(key => `${JSON.stringify(key)}:${sorted(value[key])}`)
  return `{${fields.join(',')}}`
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
