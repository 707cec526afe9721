/** Edits what a file of the branch says of one Node, and leaves comments, order and the rest of the file as they are. */
import { Document, Scalar, isMap, isScalar, parseAllDocuments } from 'yaml'
import type { NodeName } from './api/types.ts'
import { drainAnnotation } from './api/manifest.ts'

/** What is to be said of whether pods may come to a node, and whether they may stay. */
export interface Schedulability {
  readonly unschedulable: boolean
  /** The annotation gantry.dev/drain; undefined: the node's pods may stay. */
  readonly drain: string | undefined
}

/** Every plain scalar stays as it is written: `0644`, `yes`, `1e3`. */
const reading = { schema: 'failsafe', keepSourceTokens: true, strict: false } as const

/** The text with the Node's manifest changed; undefined where no document of it is this Node's manifest, in block style. */
export function editNodeManifest(text: string, name: NodeName, wanted: Schedulability): string | undefined {
  const documents = parseAllDocuments(text, reading)
  if (!Array.isArray(documents)) return undefined
  const document = documents.find(each => isNode(each, name))
  const contents = document?.contents
  if (document === undefined || !isMap(contents) || !contents.range) return undefined
  const [start, end] = contents.range
  const before = text.slice(start, end)
  apply(document, wanted)
  // What stands above the first field is copied with the rest of the file.
  contents.commentBefore = null
  const first = contents.items[0]?.key
  if (isScalar(first)) first.commentBefore = null
  const alone = new Document(contents, reading)
  const written = alone.toString({
    lineWidth: 0,
    indentSeq: !/^( *)[^\s#-][^\n]*:\s*\n\1- /m.test(before),
    flowCollectionPadding: !/\{[^\s}]/.test(before),
  })
  const rest = text.slice(end)
  const after = /^\r?\n/.test(rest) ? written.replace(/\n$/, '') : written
  return text.slice(0, start) + (before.includes('\r\n') ? after.replaceAll('\n', '\r\n') : after) + rest
}

/** A file for a Node that the branch does not name yet. */
export function newNodeManifest(name: NodeName, wanted: Schedulability): string {
  const document = new Document({ apiVersion: 'v1', kind: 'Node', metadata: { name } }, { schema: 'failsafe' })
  apply(document, wanted)
  return document.toString()
}

function isNode({ contents, errors }: ReturnType<typeof parseAllDocuments>[number], name: NodeName): boolean {
  if (errors.length > 0 || !isMap(contents) || contents.flow === true) return false
  return (
    contents.get('apiVersion') === 'v1' &&
    contents.get('kind') === 'Node' &&
    contents.getIn(['metadata', 'name']) === name
  )
}

function apply(document: Document, { unschedulable, drain }: Schedulability): void {
  put(document, ['spec', 'unschedulable'], unschedulable ? plain('true') : undefined)
  put(document, ['metadata', 'annotations', drainAnnotation], drain === undefined ? undefined : quoted(drain))
}

/** Sets a field, or takes it away with whatever holds nothing else. */
function put(document: Document, path: readonly string[], value: Scalar | undefined): void {
  const parent = path.slice(0, -1)
  if (value !== undefined) {
    const known = document.getIn(path, true)
    if (isScalar(known)) {
      // In its place, so that it keeps its comment.
      known.value = value.value
      if (value.type !== undefined) known.type = value.type
      return
    }
    // A field that is there and empty can hold nothing yet.
    if (document.hasIn(parent) && !isMap(document.getIn(parent, true))) document.deleteIn(parent)
    document.setIn(path, value)
    return
  }
  if (!document.hasIn(path)) return
  document.deleteIn(path)
  const left = document.getIn(parent, true)
  if (isMap(left) && left.items.length === 0) document.deleteIn(parent)
}

function plain(text: string): Scalar {
  const scalar = new Scalar(text)
  scalar.type = 'PLAIN'
  return scalar
}

function quoted(text: string): Scalar {
  const scalar = new Scalar(text)
  scalar.type = 'QUOTE_DOUBLE'
  return scalar
}
