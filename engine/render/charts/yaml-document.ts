import type { Origin, Problem } from '../../api/problem.ts'
import type { FieldPath, Locate } from '../../api/report.ts'
import { compose } from '../compose.ts'
import { RenderFailure } from '../failure.ts'
import { isFields, type Fields } from '../kustomize/fields.ts'
import { locate, offsetOf } from '../locate.ts'
import { readYaml } from '../nodes.ts'
import { Lines, Unreadable, decode, decodeLoosely } from '../source-text.ts'

/** A document of a YAML text, as Kubernetes's own reader reads it, with the places of its fields. */
export interface YamlDocument {
  readonly value: unknown
  readonly place: Locate
  /** What is read otherwise than it looks: a key `yes` is "true". */
  readonly warnings: readonly Problem[]
}

/** The documents of a text, empty ones left out. Throws RenderFailure. */
export function readDocuments(text: string, at: (offset: number | undefined) => Origin): YamlDocument[] {
  try {
    return readYaml(text).flatMap(node => {
      const { value, findings } = compose(node)
      const mistake = findings.find(({ severity }) => severity === 'error')
      if (mistake !== undefined) {
        throw new RenderFailure(mistake.message, { origin: at(mistake.offset), remedy: mistake.remedy })
      }
      if (value === null || value === undefined) return []
      const warnings = findings.map(({ message, remedy, offset }): Problem => ({
        ...at(offset),
        severity: 'warning',
        message,
        ...(remedy === undefined ? {} : { remedy }),
      }))
      return [{ value, place: (path, target) => at(offsetOf(locate(node, path), target)), warnings }]
    })
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new RenderFailure(error.message, { origin: at(error.offset), remedy: error.remedy })
  }
}

export function readYamlFile(bytes: Uint8Array, file: string): YamlDocument[] {
  const text = textOfFile(bytes, file)
  const lines = new Lines(text)
  return readDocuments(text, offset => ({
    file,
    ...(offset === undefined ? { line: 0, column: 0 } : lines.at(offset)),
  }))
}

/** The text of a file. Throws RenderFailure where it is none. */
export function textOfFile(bytes: Uint8Array, file: string): string {
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    const place = error.offset === undefined ? { line: 0, column: 0 } : new Lines(decodeLoosely(bytes)).at(error.offset)
    throw new RenderFailure(error.message, { origin: { file, ...place }, remedy: error.remedy })
  }
}

/** The mapping that a file holds; an empty file is an empty one. */
export interface FieldsFile {
  readonly fields: Fields
  readonly warnings: readonly Problem[]
  place(path: FieldPath, target?: 'key' | 'value'): Origin
}

export function readFieldsFile(bytes: Uint8Array | undefined, file: string): FieldsFile {
  const [document, second] = bytes === undefined ? [] : readYamlFile(bytes, file)
  if (document === undefined) return { fields: {}, warnings: [], place: () => ({ file, line: 0, column: 0 }) }
  if (second !== undefined) {
    throw new RenderFailure('the file holds more than one document', {
      origin: second.place([], 'value'),
      remedy: 'keep one',
    })
  }
  const { value, place, warnings } = document
  if (!isFields(value)) throw new RenderFailure('the file must hold a mapping', { origin: place([], 'value') })
  return { fields: value, warnings, place: (path, target = 'value') => place(path, target) }
}
