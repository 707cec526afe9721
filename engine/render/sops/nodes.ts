/** The values of parsed YAML and JSON, opened or sealed without losing their places. */
import { isDeepStrictEqual } from 'node:util'
import { compose } from '../compose.ts'
import type { Entry, MappingNode, Node, ScalarNode } from '../nodes.ts'
import { scalarValue } from '../scalar.ts'
import { Unreadable } from '../source-text.ts'
import { changedRemedy } from './cipher.ts'
import { readMetadata, type Metadata } from './metadata.ts'
import type { Opener, Sealing } from './session.ts'
import { jsonNumber, plainValue, textOf, textValue, type SopsValue } from './value.ts'

export type NodeFormat = 'yaml' | 'json'

/** The documents of a file that is encrypted, without what SOPS added to them. */
export interface EncryptedDocuments {
  readonly metadata: Metadata
  readonly documents: readonly Node[]
  /** Where `sops` stands. */
  readonly offset: number
}

/** Undefined where the documents are not encrypted. Throws Unreadable. */
export function findEncrypted(documents: readonly Node[]): EncryptedDocuments | undefined {
  const entries = documents.map(sopsEntry)
  const [first] = entries
  const found = entries.find(entry => entry !== undefined)
  if (found === undefined) return undefined
  const { offset } = found.key
  // All documents are encrypted together, and each says so.
  if (first === undefined) {
    throw new Unreadable('this document is encrypted, but the first one of the file is not', {
      offset,
      remedy: changedRemedy,
    })
  }
  const values = entries.map(entry => entry && { entry, value: compose(entry.value).value })
  const other = values.find(each => each !== undefined && !isDeepStrictEqual(each.value, values[0]?.value))
  if (other !== undefined) {
    throw new Unreadable('what this document says of its encryption is not what the first one says', {
      offset: other.entry.key.offset,
      remedy: changedRemedy,
    })
  }
  const metadata = placed(offset, () => readMetadata(values[0]?.value))
  return { metadata, offset, documents: documents.map(withoutSops) }
}

function sopsEntry(document: Node): Entry | undefined {
  if (document.kind !== 'mapping') return undefined
  return document.entries.find(({ key, value }) => isText(key, 'sops') && value.kind === 'mapping' && isSops(value))
}

/** A field that is only called sops belongs to the document. */
function isSops({ entries }: MappingNode): boolean {
  return entries.some(({ key }) => isText(key, 'mac') || isText(key, 'lastmodified') || isText(key, 'age'))
}

function isText(node: Node, text: string): boolean {
  return node.kind === 'scalar' && node.text === text
}

function withoutSops(document: Node): Node {
  const entry = sopsEntry(document)
  if (entry === undefined || document.kind !== 'mapping') return document
  return { ...document, entries: document.entries.filter(each => each !== entry) }
}

export interface OpenedDocuments {
  readonly documents: readonly Node[]
  /** What was encrypted. */
  readonly opened: ReadonlySet<Node>
}

/** Opens all documents and checks the MAC. Throws Unreadable with the place. */
export function openNodes(
  { documents, offset }: EncryptedDocuments,
  { opener, format }: { readonly opener: Opener; readonly format: NodeFormat },
): OpenedDocuments {
  const opened = new Set<Node>()
  const isComment = (node: ScalarNode, path: readonly string[]): boolean =>
    placed(node.offset, () => opener.item({ path, value: valueOf(node, format) })) !== undefined
  const open = (node: ScalarNode, path: readonly string[]): ScalarNode => {
    const result = opener.leaf({ path, value: valueOf(node, format) })
    if (!result.opened || result.value === null) return node
    const plain = scalarOf(node, result.value)
    opened.add(plain)
    return plain
  }
  const read = mapDocuments(documents, { scalar: open, isComment })
  placed(offset, () => opener.finish())
  return { documents: read, opened }
}

export function sealNodes(
  documents: readonly Node[],
  { sealing, format }: { readonly sealing: Sealing; readonly format: NodeFormat },
): readonly Node[] {
  const seal = (node: ScalarNode, path: readonly string[]): ScalarNode => {
    const value = valueOf(node, format)
    const sealed = sealing.leaf({ path, value })
    return sealed === null || sealed === value ? node : scalarOf(node, sealed)
  }
  return mapDocuments(documents, { scalar: seal, isComment: () => false })
}

interface Mapping {
  scalar(node: ScalarNode, path: readonly string[]): ScalarNode
  /** An item of a list that is none, and goes. */
  isComment(node: ScalarNode, path: readonly string[]): boolean
}

function mapDocuments(documents: readonly Node[], map: Mapping): readonly Node[] {
  return documents.map(document => mapNode(document, [], map))
}

// oxlint-disable-next-line max-params -- a step of a recursion
function mapNode(node: Node, path: readonly string[], map: Mapping): Node {
  switch (node.kind) {
    case 'scalar':
      return placed(node.offset, () => map.scalar(node, path))
    case 'list':
      return {
        ...node,
        items: node.items
          .filter(item => item.kind !== 'scalar' || !map.isComment(item, path))
          .map(item => mapNode(item, path, map)),
      }
    case 'mapping':
      return {
        ...node,
        entries: node.entries.map(({ key, value }) => ({ key, value: mapNode(value, [...path, keyOf(key)], map) })),
      }
  }
}

function keyOf(key: Node): string {
  const name = key.kind === 'scalar' && (!key.plain || plainValue(key.text)?.type === 'str') ? key.text : undefined
  if (name !== undefined) return name
  throw new Unreadable('a key of an encrypted file must be text', { offset: key.offset, remedy: 'quote it' })
}

function valueOf({ text, plain, tag }: ScalarNode, format: NodeFormat): SopsValue | null {
  if (tag !== undefined && tag !== '!' && tag !== 'tag:yaml.org,2002:str') {
    throw new Unreadable(`the tag ${tag} cannot stand in an encrypted file`, { remedy: 'remove the tag' })
  }
  if (!plain || tag !== undefined) return textValue(text)
  return format === 'json' && /^[-0-9]/.test(text) ? jsonNumber(text) : plainValue(text)
}

function scalarOf({ offset, size }: ScalarNode, value: SopsValue): ScalarNode {
  const text = textOf(value)
  if (text === undefined) {
    throw new Unreadable('the value is no text', { remedy: 'encrypt the base64 of it under data' })
  }
  const node = { kind: 'scalar', offset, size, tag: undefined, text, plain: value.type !== 'str' } as const
  try {
    scalarValue(node)
  } catch {
    // That message would show the value.
    throw new Unreadable('the number is too large to be kept exactly', { remedy: 'encrypt it as text' })
  }
  return node
}

/** Runs a step at a place of the file, for the errors that do not know it. */
export function placed<Result>(offset: number, step: () => Result): Result {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof Unreadable) || error.offset !== undefined) throw error
    throw new Unreadable(error.message, { offset, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) })
  }
}
