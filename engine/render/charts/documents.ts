import { checkResource, type CheckOptions, type CheckedResource } from '../check-resource.ts'
import type { Origin, Problem } from '../../api/problem.ts'
import { fieldText, show, type FieldPath } from '../../api/report.ts'
import { RenderFailure } from '../failure.ts'
import { isFields, type Fields } from '../kustomize/fields.ts'
import { membersOf } from '../list.ts'
import { Marks, type Mark, type Output } from './output.ts'
import { readDocuments } from './yaml-document.ts'

/** What is known of the values of a chart, for messages. */
export interface ValuesKnowledge {
  /** Where a part of the values was written. */
  find(path: FieldPath): Origin | undefined
  isSecret(path: FieldPath): boolean
  /** Some of them come from Secrets or encrypted files. */
  readonly hasSecrets: boolean
}

/** An object that a chart gives, with the place that made each of its fields. */
export interface ChartObject {
  readonly object: Fields
  readonly origin: Origin
  /** The object checked; its problems tell where it comes from. */
  check(options: CheckOptions): CheckedResource
}

/** The objects that an output writes. Throws RenderFailure at the line of the template. */
export function objectsOf(output: Output, { file, values }: { file: string; values: ValuesKnowledge }): ChartObject[] {
  const marks = new Marks(output.pieces)
  const made = new Map<string, Mark>()
  const at = (offset: number | undefined): Origin => {
    const mark = marks.at(offset ?? 0)
    const origin = mark?.origin ?? { file, line: 0, column: 0 }
    if (mark !== undefined) made.set(keyOf(origin), mark)
    return origin
  }
  const hides = output.pieces.some(({ mark }) => !mark.exact && mark.reads.some(path => values.isSecret(path)))
  const encrypted = values.hasSecrets ? 'all' : 'none'
  const explain = (problem: Problem): Problem => {
    const notes = notesOn(made.get(keyOf(problem)), values)
    const { remedy: _, ...hidden } = { ...problem, message: withoutValues(problem.message) }
    const shown = hides ? hidden : problem
    return { ...shown, message: `${shown.message}${notes}` }
  }
  try {
    const text = output.text()
    refuseControlCharacters(text, at)
    return readDocuments(text, at).flatMap(document =>
      membersOf(document.value).map((member, index) => {
        const place = (path: FieldPath, target: 'key' | 'value'): Origin =>
          document.place([...member.path, ...path], target)
        const origin = place([], 'value')
        const object = member.value
        if (!isFields(object)) {
          throw new RenderFailure(`a manifest must be a mapping with apiVersion and kind, not ${show(object)}`, {
            origin,
          })
        }
        const check = (options: CheckOptions): CheckedResource => {
          const { manifests, problems } = checkResource({ object, origin, place, encrypted }, options)
          return { manifests, problems: [...(index === 0 ? document.warnings : []), ...problems].map(explain) }
        }
        return { object, origin, check }
      }),
    )
  } catch (error) {
    if (!(error instanceof RenderFailure)) throw error
    const { message, origin, remedy } = error
    const notes = notesOn(made.get(keyOf(origin)), values)
    // A YAML reader quotes what it cannot read.
    const why = hides ? 'what is not shown, as it may hold a secret value' : message
    throw new RenderFailure(`what the template gives is wrong here: ${why}${notes}`, {
      origin,
      remedy: hides ? undefined : remedy,
    })
  }
}

/** Control characters but tab, line feed, carriage return and next line, as in a file. */
function refuseControlCharacters(text: string, at: (offset: number) => Origin): void {
  const offset = text.search(/[^\P{Cc}\t\n\r\u0085]/u)
  if (offset < 0) return
  throw new RenderFailure('a control character stands here, which YAML does not allow', {
    origin: at(offset),
    remedy: 'quote the value with {{toJson …}}',
  })
}

function keyOf({ file, line, column }: Origin): string {
  return `${file}:${line}:${column}`
}

const mostNamed = 3

/** What made the text: the values, and the place where a partial was included. */
function notesOn(mark: Mark | undefined, values: ValuesKnowledge): string {
  if (mark === undefined) return ''
  const reads = new Map(mark.exact ? [] : mark.reads.map(path => [fieldText(['Values', ...path]), path]))
  const written = [...reads].flatMap(([name, path]) => {
    const place = path.length === 0 ? undefined : values.find(path)
    return place === undefined ? [] : [`${name} stands at ${placeInWords(place)}`]
  })
  const included = mark.via === undefined ? [] : [`included at ${placeInWords(mark.via)}`]
  const notes = [...written.slice(0, mostNamed), ...included]
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`
}

function placeInWords({ file, line }: Origin): string {
  return line > 0 ? `${file}:${line}` : file
}

/** A message shows a value in quotes, or after "not". */
function withoutValues(message: string): string {
  return message.replace(/"(?:[^"\\]|\\.)*…?"?|(?<=\bnot )\S+/g, '(a value that may be secret)')
}
