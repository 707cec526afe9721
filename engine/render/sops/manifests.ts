/** The manifests of a file that is encrypted: opened, and only where nothing of them is written down. */
import { compose } from '../compose.ts'
import { membersOf } from '../list.ts'
import { locate } from '../locate.ts'
import type { Node } from '../nodes.ts'
import { Unreadable } from '../source-text.ts'
import { isSealed } from './cipher.ts'
import { isFields } from './metadata.ts'
import { hidden, type FileKey } from './file-key.ts'
import { openNodes, type EncryptedDocuments, type NodeFormat } from './nodes.ts'
import { Hiding, Opening, type Opener } from './session.ts'

export function openerFor({ metadata }: Pick<EncryptedDocuments, 'metadata'>, key: FileKey): Opener {
  return key === hidden ? new Hiding(metadata) : new Opening(metadata, Buffer.from(key, 'base64'))
}

/**
 * Opens the documents. Throws Unreadable where a value outside of a Secret's `data` and `stringData` is encrypted: what
 * stands elsewhere is shown in plans and recorded on the observed branch.
 */
export function openManifests(
  encrypted: EncryptedDocuments,
  { key, format }: { readonly key: FileKey; readonly format: NodeFormat },
): readonly Node[] {
  const { documents, opened } = openNodes(encrypted, { opener: openerFor(encrypted, key), format })
  for (const document of documents) {
    for (const { value, path } of membersOf(compose(document).value)) {
      checkConfined(value, { node: locate(document, path).node, opened })
    }
  }
  return documents
}

const confineRemedy =
  "encrypt Secrets alone, and of them data and stringData (--encrypted-regex '^(data|stringData)$'); " +
  'a file that is no manifest is left out with .gantryignore'

function checkConfined(
  value: unknown,
  { node, opened }: { readonly node: Node; readonly opened: ReadonlySet<Node> },
): void {
  const isSecret = isFields(value) && value['kind'] === 'Secret'
  const exposed =
    node.kind === 'mapping'
      ? node.entries.filter(({ key }) => !isSecret || key.kind !== 'scalar' || !secretFields.has(key.text))
      : []
  const found = exposed.map(entry => firstOpened(entry.value, opened)).find(each => each !== undefined)
  if (found === undefined) return
  const what = isSecret ? 'a field of a Secret beside data and stringData' : 'a value of what is no Secret'
  throw new Unreadable(`${what} is encrypted, but would be shown in plans and on the observed branch`, {
    offset: found.offset,
    remedy: confineRemedy,
  })
}

const secretFields: ReadonlySet<string> = new Set(['data', 'stringData'])

function firstOpened(node: Node, opened: ReadonlySet<Node>): Node | undefined {
  if (opened.has(node)) return node
  if (node.kind === 'scalar') return undefined
  const inner = node.kind === 'list' ? node.items : node.entries.map(({ value }) => value)
  return inner.map(each => firstOpened(each, opened)).find(each => each !== undefined)
}

export const plainSecret = {
  message: 'the values of this Secret can be read by all who can read the repository',
  remedy: 'encrypt them: gantry secret encrypt --in-place FILE',
} as const

/** Whether a manifest is a Secret that holds anything. */
export function holdsSecrets(object: unknown): boolean {
  return secretValues(object).length > 0
}

/** A value that is still encrypted, in a file that does not say how: what SOPS added was removed. */
export function isStranded(object: unknown): boolean {
  return secretValues(object).some(value => typeof value === 'string' && isSealed(value))
}

export const stranded = {
  message: 'a value is encrypted with SOPS, but the file does not say for whom: its sops is missing',
  remedy: 'restore the file as it was encrypted',
} as const

export const unchecked = {
  severity: 'warning',
  message: 'the encrypted values are not checked: no age key that opens the file is given',
} as const

function secretValues(object: unknown): unknown[] {
  if (!isFields(object) || object['kind'] !== 'Secret') return []
  return [...secretFields].flatMap(field => (isFields(object[field]) ? Object.values(object[field]) : []))
}
