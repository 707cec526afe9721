import type { Origin } from '../../api/problem.ts'
import type { FieldPath } from '../../api/report.ts'
import { compose } from '../compose.ts'
import { locate, offsetOf } from '../locate.ts'
import { readYaml, type Entry, type Node, type ScalarNode } from '../nodes.ts'
import { Remembered } from '../remembered.ts'
import { scalarValue } from '../scalar.ts'
import { Lines, Unreadable, decode, decodeLoosely } from '../source-text.ts'
import { RenderFailure } from '../failure.ts'

/** A document of a YAML file with the places of its fields. */
export interface SourceDocument {
  readonly value: unknown
  place(path: FieldPath, target?: 'key' | 'value'): Origin
}

export interface ReadOptions {
  readonly file: string
  /** Where a text stands that is written inside another file; its own lines are not that file's. */
  readonly inside?: Origin
  /** As Kustomize reads its own file: of keys written twice the last counts. */
  readonly lastKeyCounts?: boolean
}

/** A text as it was parsed, which nothing changes: what is composed of it is made anew each time. */
interface Parsed {
  readonly lines: Lines
  readonly nodes: readonly Node[]
}

/** Many overlays are built from one base. Aliases are written out in the nodes, so that these are counted, not letters. */
const bounds = {
  mostBytes: 16 << 20,
  bytesOf: (text: string, { nodes }: Parsed) =>
    text.length + nodes.reduce((sum, { size }) => sum + size * bytesOfNode, bytesOfNode),
}
/** With the entry of a mapping that holds it, and its key. */
const bytesOfNode = 300
const parsed = new Remembered<Parsed>(bounds)
const parsedWithLastKeys = new Remembered<Parsed>(bounds)

function parse(text: string, lastKeyCounts: boolean): Parsed {
  const roots = readYaml(text)
  const nodes = roots.map((written, index) => {
    const unended = index === roots.length - 1 && !text.endsWith('\n')
    const root = unended ? withoutLastBreak(written, text) : written
    return lastKeyCounts ? withLastKeys(root) : withWords(root)
  })
  return { lines: new Lines(text), nodes }
}

/** The documents of a text, empty ones left out. */
export function readDocuments(
  source: Uint8Array | string,
  { file, inside, lastKeyCounts = false }: ReadOptions,
): SourceDocument[] {
  const text = typeof source === 'string' ? source : textOf(source, file)
  const at = (lines: Lines, offset: number | undefined): Origin =>
    inside ?? { file, ...(offset === undefined ? { line: 0, column: 0 } : lines.at(offset)) }
  try {
    const known = lastKeyCounts ? parsedWithLastKeys : parsed
    const { lines, nodes } = known.get(text, () => parse(text, lastKeyCounts))
    return nodes.flatMap(node => {
      const { value, findings } = compose(node)
      const finding = findings.find(({ severity }) => severity === 'error')
      if (finding !== undefined) {
        throw new RenderFailure(finding.message, { origin: at(lines, finding.offset), remedy: finding.remedy })
      }
      if (value === null || value === undefined) return []
      return [{ value, place: (path, target = 'value') => at(lines, offsetOf(locate(node, path), target)) }]
    })
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new RenderFailure(error.message, { origin: at(new Lines(text), error.offset), remedy: error.remedy })
  }
}

function textOf(bytes: Uint8Array, file: string): string {
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    const place = error.offset === undefined ? { line: 0, column: 0 } : new Lines(decodeLoosely(bytes)).at(error.offset)
    throw new RenderFailure(error.message, { origin: { file, ...place }, remedy: error.remedy })
  }
}

/** A block of text at the end of a file that has no last line break has none either, unlike in kubectl. */
function withoutLastBreak(node: Node, source: string): Node {
  if (node.kind === 'scalar') {
    const isBlock = !node.plain && !/["']/.test(source.charAt(node.offset))
    return isBlock && node.text.endsWith('\n') ? { ...node, text: node.text.slice(0, -1) } : node
  }
  if (node.kind === 'list') {
    const last = node.items.at(-1)
    return last === undefined ? node : { ...node, items: [...node.items.slice(0, -1), withoutLastBreak(last, source)] }
  }
  const last = node.entries.at(-1)
  if (last === undefined) return node
  return { ...node, entries: [...node.entries.slice(0, -1), { ...last, value: withoutLastBreak(last.value, source) }] }
}

/** Kustomize reads a resource's `yes`, `on` and `y` as text, unlike kubectl. */
const onlyWords = /^(?:[yY]|[yY]es|YES|[nN]|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)$/

function withWords(node: Node): Node {
  if (node.kind === 'scalar') return node.plain ? plainScalar(node) : node
  if (node.kind === 'list') return { ...node, items: node.items.map(withWords) }
  return { ...node, entries: node.entries.map(({ key, value }) => ({ key: withWords(key), value: withWords(value) })) }
}

/** And a date as the time at which it begins. */
const date = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/

function plainScalar(node: ScalarNode): ScalarNode {
  if (onlyWords.test(node.text)) return { ...node, plain: false }
  return date.test(node.text) ? { ...node, text: `${node.text}T00:00:00Z`, plain: false } : node
}

/** What a text means to Kustomize where it stands without quotes. */
export function plainValue(text: string): unknown {
  try {
    return scalarValue(plainScalar({ kind: 'scalar', text, plain: true, tag: undefined, offset: 0, size: 1 }))
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return text
  }
}

function withLastKeys(node: Node): Node {
  if (node.kind === 'scalar') return node
  if (node.kind === 'list') return { ...node, items: node.items.map(withLastKeys) }
  const last = new Map<string | Entry, Entry>()
  for (const entry of node.entries) {
    const name = entry.key.kind === 'scalar' && entry.key.text !== '<<' ? entry.key.text : entry
    last.delete(name)
    last.set(name, { key: entry.key, value: withLastKeys(entry.value) })
  }
  return { ...node, entries: [...last.values()] }
}
