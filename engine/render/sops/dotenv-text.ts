/** Lines of `KEY=value`; the metadata follows them as lines whose names begin with `sops_`. */
import { Unreadable } from '../source-text.ts'
import { writeMetadata, type Metadata } from './metadata.ts'
import { placed } from './nodes.ts'
import type { Change } from './yaml-text.ts'
import { textOf, textValue } from './value.ts'

export interface DotenvLine {
  /** Undefined for a comment, and for an empty line. */
  readonly key: string | undefined
  readonly value: string
  readonly offset: number
}

export const metadataPrefix = 'sops_'

export function parseDotenv(text: string): DotenvLine[] {
  let offset = 0
  return text.split('\n').map(line => {
    const start = offset
    offset += line.length + 1
    if (line === '' || line.startsWith('#')) return { key: undefined, value: line, offset: start }
    const equals = line.indexOf('=')
    if (equals <= 0) throw new Unreadable('the line is not of the form KEY=value', { offset: start })
    return { key: line.slice(0, equals), value: unescaped(line.slice(equals + 1)), offset: start }
  })
}

export function writeDotenv(lines: readonly DotenvLine[]): string {
  return lines.map(({ key, value }) => (key === undefined ? value : `${key}=${escaped(value)}`)).join('\n')
}

export function changeDotenv(lines: readonly DotenvLine[], change: Change): DotenvLine[] {
  return lines.map(line => {
    const { key, value } = line
    if (key === undefined) {
      return value === '' ? line : { ...line, value: `#${change.comment([], value.slice(1))}` }
    }
    return placed(line.offset, () => {
      const changed = change.leaf([key], textValue(value))
      const written = changed === null ? '' : textOf(changed)
      if (written === undefined) throw new Unreadable('the value is no text', { remedy: 'encrypt its base64' })
      return { ...line, value: written }
    })
  })
}

/** What the lines say of their encryption; undefined where they are plain. */
export function dotenvMetadata(lines: readonly DotenvLine[]): unknown {
  const found = lines.filter(({ key }) => key?.startsWith(metadataPrefix))
  if (found.length === 0) return undefined
  const fields = new Map<string, string>()
  const lists = new Map<string, Map<string, Record<string, string>>>()
  for (const { key = '', value } of found) {
    const name = key.slice(metadataPrefix.length)
    const [listed, list = '', place = '', field = ''] = /^([a-z_]+?)__list_(\d+)__map_([a-z_]+)$/.exec(name) ?? []
    if (listed === undefined) {
      fields.set(name, value)
      continue
    }
    const items = lists.get(list) ?? new Map<string, Record<string, string>>()
    lists.set(list, items.set(place, { ...items.get(place), [field]: value }))
  }
  return Object.fromEntries([...fields, ...[...lists].map(([list, items]) => [list, [...items.values()]] as const)])
}

export function withoutMetadata(lines: readonly DotenvLine[]): DotenvLine[] {
  return lines.filter(({ key }) => key?.startsWith(metadataPrefix) !== true)
}

/** In the order of their names. */
export function metadataLines(metadata: Metadata): DotenvLine[] {
  const { age: _, ...fields } = writeMetadata(metadata)
  const stanzas = metadata.age.flatMap((stanza, index) =>
    Object.entries(stanza).map(([field, value]) => [`age__list_${index}__map_${field}`, value] as const),
  )
  return [...stanzas, ...Object.entries(fields)]
    .map(([name, value]) => ({ key: `${metadataPrefix}${name}`, value: String(value), offset: 0 }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** A line has no other way to hold a line feed. */
function escaped(text: string): string {
  return text.replaceAll('\n', String.raw`\n`)
}

function unescaped(text: string): string {
  return text.replaceAll(String.raw`\n`, '\n')
}
