import type { FieldPath } from '../../api/report.ts'
import { compose } from '../compose.ts'
import { readJson } from '../json.ts'
import { membersOf } from '../list.ts'
import { locate, offsetOf } from '../locate.ts'
import { readYaml, type Node } from '../nodes.ts'
import { Lines, Unreadable, decode, type Place } from '../source-text.ts'

/** A file, and the fields whose places in it are asked for. Plain JSON. */
export interface PlacesRequest {
  readonly base64: string
  readonly language: 'yaml' | 'json'
  readonly fields: readonly FieldSought[]
}

export interface FieldSought {
  /** Where its object stands. */
  readonly object: Place
  readonly path: FieldPath
  /** What it is in the rendered object, where it is no mapping or list: what says otherwise is not where it came from. */
  readonly value?: unknown
}

/** The place of each field, or of what should hold it; null where the file does not say it. */
export type PlacesAnswer = readonly (Place | null)[]

export function answerPlaces(bytes: Uint8Array): PlacesAnswer {
  const { base64, language, fields }: PlacesRequest = JSON.parse(new TextDecoder().decode(bytes))
  try {
    const text = decode(Buffer.from(base64, 'base64'))
    const lines = new Lines(text)
    const objects = new Map(
      (language === 'json' ? readJson(text) : readYaml(text))
        .flatMap(objectsOf)
        .map(node => [keyOf(lines.at(node.offset)), node]),
    )
    return fields.map(field => {
      const node = objects.get(keyOf(field.object))
      return node === undefined ? null : placeOf(field, { node, lines })
    })
  } catch (error) {
    // What is no YAML of its own (a template, say) made the objects in another way.
    if (!(error instanceof Unreadable)) throw error
    return fields.map(() => null)
  }
}

function objectsOf(document: Node): Node[] {
  const { value } = compose(document)
  return membersOf(value).map(({ path }) => locate(document, path).node)
}

function placeOf({ path, value }: FieldSought, { node, lines }: { node: Node; lines: Lines }): Place | null {
  const found = locate(node, path)
  const isOther = found.node.kind === 'scalar' && compose(found.node).value !== value
  return isOther ? null : lines.at(offsetOf(found, 'value'))
}

function keyOf({ line, column }: Place): string {
  return `${line}:${column}`
}
