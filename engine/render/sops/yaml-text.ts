/** The values and comments of a YAML file, opened or sealed with the rest of the file as its author wrote it. */
import {
  Scalar,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Document,
  type Node,
  type ParsedNode,
  type YAMLSeq,
} from 'yaml'
import { isPlainText } from '../scalar.ts'
import { Unreadable } from '../source-text.ts'
import type { Metadata } from './metadata.ts'
import { writeMetadata } from './metadata.ts'
import { placed } from './nodes.ts'
import { plainValue, textOf, textValue, type SopsValue } from './value.ts'

/** Every plain scalar stays as it is written: `0644`, `yes`, `1e3`. */
const reading = { schema: 'failsafe', strict: false, logLevel: 'silent' } as const

export type YamlDocuments = readonly Document.Parsed<ParsedNode>[]

/** What becomes of each value and comment, in their order. */
export interface Change {
  leaf(path: readonly string[], value: SopsValue | null): SopsValue | null
  comment(path: readonly string[], text: string): string
  /** The comment that an item of a list is, which then stands before the next; undefined for a value. */
  item?(path: readonly string[], value: SopsValue | null): string | undefined
  /** A text of many lines takes the one line that its encrypted form took. */
  readonly linesKept?: boolean
}

export function parseYaml(text: string): YamlDocuments {
  const documents = parseAllDocuments(text, reading)
  if (!Array.isArray(documents)) return []
  for (const { errors } of documents) {
    const [error] = errors
    if (error === undefined) continue
    throw new Unreadable(`not valid YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}`, { offset: error.pos[0] })
  }
  return documents
}

interface WriteOptions {
  /** The file as it was: indented and padded like this. */
  readonly text: string
  /** Every document begins in the line in which it began. */
  readonly linesKept?: boolean
}

export function writeYamlDocuments(documents: YamlDocuments, { text, linesKept = false }: WriteOptions): string {
  return documents
    .map((document, index) => {
      if (index > 0 && document.directives !== undefined) document.directives.docStart = true
      const written = document.toString({
        lineWidth: 0,
        doubleQuotedMinMultiLineLength: Infinity,
        indentSeq: !/^( *)[^\s#-][^\n]*:\s*\n\1- /m.test(text),
        flowCollectionPadding: !/\{[^\s}]/.test(text),
      })
      if (!linesKept) return written
      const before = text.slice(document.range[0], documents[index + 1]?.range[0])
      return written + '\n'.repeat(Math.max(0, lineFeeds(before) - lineFeeds(written)))
    })
    .join('')
}

function lineFeeds(text: string): number {
  return text.split('\n').length - 1
}

/** Changes the documents where they are. Throws Unreadable with the place. */
export function changeYaml(documents: YamlDocuments, change: Change): void {
  for (const document of documents) {
    document.commentBefore = changedComment(document.commentBefore, { path: [], change })
    changeNode(document.contents, { path: [], change })
    document.comment = changedComment(document.comment, { path: [], change })
  }
}

interface At {
  readonly path: readonly string[]
  readonly change: Change
}

function changeNode(node: Node | null, { path, change }: At): void {
  if (node === null) return
  const { commentBefore } = node
  node.commentBefore = changedComment(commentBefore, { path, change })
  if (isAlias(node) || ('anchor' in node && node.anchor !== undefined)) {
    throw new Unreadable('an anchor or alias cannot stand in an encrypted file', {
      offset: node.range?.[0] ?? 0,
      remedy: 'write the value out where it is used',
    })
  }
  if (isScalar(node)) placed(node.range?.[0] ?? 0, () => changeScalar(node, { path, change }))
  else if (isSeq<Node | null>(node)) changeList(node, { path, change })
  else if (isMap<Node, Node | null>(node)) {
    for (const { key, value } of node.items) {
      const name = keyOf(key)
      key.commentBefore = changedComment(key.commentBefore, { path, change })
      // The comments of a value that is one line belong to the mapping around it.
      const around = isScalar(value) ? { commentBefore: value.commentBefore, comment: value.comment } : undefined
      if (isScalar(value)) Object.assign(value, { commentBefore: null, comment: null })
      changeNode(value, { path: [...path, name], change })
      if (isScalar(value) && around !== undefined) {
        value.commentBefore = changedComment(around.commentBefore, { path, change })
        value.comment = changedComment(around.comment, { path, change })
      }
    }
  }
  node.comment = changedComment(node.comment, { path, change })
}

function changeList(list: YAMLSeq<Node | null>, { path, change }: At): void {
  const comments: string[] = []
  list.items = list.items.filter(item => {
    const comment = isScalar(item) ? placed(item.range?.[0] ?? 0, () => change.item?.(path, valueOf(item))) : undefined
    if (comment !== undefined) {
      comments.push(comment)
      return false
    }
    changeNode(item, { path, change })
    if (item !== null && comments.length > 0) {
      item.commentBefore = [...comments.splice(0), item.commentBefore ?? []].flat().join('\n')
    }
    return true
  })
  if (comments.length > 0) list.comment = [...comments, list.comment ?? []].flat().join('\n')
}

function keyOf(key: Node): string {
  if (isScalar(key) && typeof key.value === 'string') {
    const { value, type } = key
    if (type !== 'PLAIN' || plainValue(value)?.type === 'str') return value
  }
  throw new Unreadable('a key of an encrypted file must be text', { offset: key.range?.[0] ?? 0, remedy: 'quote it' })
}

function changedComment(text: string | null | undefined, { path, change }: At): string | null {
  if (typeof text !== 'string') return null
  return text
    .split('\n')
    .map(line => (line.trim() === '' ? line : change.comment(path, line)))
    .join('\n')
}

function valueOf(node: Scalar): SopsValue | null {
  if (node.tag !== undefined && node.tag !== '!!str' && node.tag !== 'tag:yaml.org,2002:str') {
    throw new Unreadable(`the tag ${node.tag} cannot stand in an encrypted file`, { remedy: 'remove the tag' })
  }
  const text = String(node.value ?? '')
  return node.type === 'PLAIN' && node.tag === undefined ? plainValue(text) : textValue(text)
}

function changeScalar(node: Scalar, { path, change }: At): void {
  const value = valueOf(node)
  const changed = change.leaf(path, value)
  if (changed === null || changed === value) return
  const written = textOf(changed)
  if (written === undefined) throw new Unreadable('the value is no text', { remedy: 'encrypt its base64 under data' })
  const plain = changed.type === 'bool' ? written.toLowerCase() : written
  Object.assign(node, {
    value: plain,
    source: plain,
    type: styleOf(plain, { type: changed.type, linesKept: change.linesKept === true }),
  })
}

/** Text is quoted wherever a reader of YAML 1.1 or 1.2 would take it for something else. */
function styleOf(
  text: string,
  { type, linesKept }: { readonly type: SopsValue['type']; readonly linesKept: boolean },
): Scalar.Type {
  if (type !== 'str' && type !== 'bytes') return Scalar.PLAIN
  if (text.includes('\n')) return linesKept ? Scalar.QUOTE_DOUBLE : Scalar.BLOCK_LITERAL
  const isText = isPlainText(text) && !/^[0-9]{4}-/.test(text) && /^[^\s]/.test(text)
  return isText ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE
}

/** Adds `sops` to every document. */
export function addMetadata(documents: YamlDocuments, metadata: Metadata): void {
  for (const document of documents) {
    if (!isMap(document.contents)) continue
    const { lastmodified, mac_only_encrypted, ...fields } = writeMetadata(metadata)
    const time = new Scalar(lastmodified)
    time.type = Scalar.QUOTE_DOUBLE
    const only = mac_only_encrypted === undefined ? {} : { mac_only_encrypted: 'true' }
    document.contents.add(document.createPair('sops', { ...fields, lastmodified: time, ...only }))
  }
}

export function removeMetadata(documents: YamlDocuments): void {
  for (const document of documents) if (isMap(document.contents)) document.contents.delete('sops')
}
