import { nearest } from '../../api/nearest.ts'
import type { FieldPath } from '../../api/report.ts'
import type { SourceDocument } from './document.ts'
import { RenderFailure } from '../failure.ts'
import { isFields, setField, type Fields } from './fields.ts'

/** What a field of a configuration may hold. */
export type Shape =
  | 'text'
  | 'boolean'
  | 'number'
  | 'texts'
  | 'switches'
  | 'anything'
  | { readonly list: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> }

/** A value in the given shape; field names in any case, as Kustomize takes them, come out as they should be. */
export function shaped(document: SourceDocument, shape: Shape): Fields {
  const value = conform(document.value, { shape, document, path: [] })
  if (isFields(value)) return value
  throw new RenderFailure('the file must hold a mapping', { origin: document.place([]) })
}

interface At {
  readonly shape: Shape
  readonly document: SourceDocument
  readonly path: FieldPath
}

function conform(value: unknown, at: At): unknown {
  const { shape, path } = at
  if (value === null || shape === 'anything') return value
  if (typeof shape === 'object' && 'list' in shape) {
    if (!Array.isArray(value)) throw mistake(at, 'a list')
    return value.map((item, index) => conform(item, { ...at, shape: shape.list, path: [...path, index] }))
  }
  if (typeof shape === 'object') return conformFields(value, { ...at, known: shape.fields })
  if (shape === 'text' ? typeof value === 'string' : shape === 'boolean' ? typeof value === 'boolean' : false)
    return value
  if (shape === 'number' && typeof value === 'number') return value
  if (shape === 'texts' || shape === 'switches') {
    if (!isFields(value)) throw mistake(at, 'a mapping')
    const inner = shape === 'texts' ? 'text' : 'boolean'
    for (const [name, each] of Object.entries(value)) conform(each, { ...at, shape: inner, path: [...path, name] })
    return value
  }
  const quote = shape === 'text' && typeof value !== 'object' ? `quote it: "${String(value)}"` : undefined
  throw mistake(at, shape === 'text' ? 'text' : shape === 'boolean' ? 'true or false' : 'a number', quote)
}

function mistake({ document, path }: At, expected: string, remedy?: string): RenderFailure {
  return new RenderFailure(`${pathInWords(path)} must be ${expected}`, { origin: document.place(path), remedy })
}

function pathInWords(path: FieldPath): string {
  return (
    path
      .map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`))
      .join('')
      .replace(/^\./, '') || 'the file'
  )
}

function conformFields(
  value: unknown,
  { known, ...at }: At & { readonly known: Readonly<Record<string, Shape>> },
): Fields {
  if (!isFields(value)) throw mistake(at, 'a mapping')
  const result: Fields = {}
  for (const [written, each] of Object.entries(value)) {
    const path = [...at.path, written]
    const name = Object.hasOwn(known, written)
      ? written
      : Object.keys(known).find(name => name.toLowerCase() === written.toLowerCase())
    const shape = name === undefined ? undefined : known[name]
    if (name === undefined || shape === undefined) {
      const near = nearest(written, Object.keys(known))
      throw new RenderFailure(`the field ${pathInWords(path)} is not known to Kustomize`, {
        origin: at.document.place(path, 'key'),
        remedy: near === undefined ? 'remove it' : `write ${near}`,
      })
    }
    if (each !== null) setField(result, { name, value: conform(each, { ...at, shape, path }) })
  }
  return result
}
