import type { FieldPath } from '../api/report.ts'
import { isMerge, keyName } from './compose.ts'
import type { Entry, MappingNode, Node } from './nodes.ts'

/** The node that a path leads to, or the deepest on the way that exists, with the entry whose value it is. */
export interface Location {
  readonly node: Node
  readonly entry: Entry | undefined
}

export function locate(root: Node, path: FieldPath): Location {
  let at: Location = { node: root, entry: undefined }
  for (const step of path) {
    const next = descend(at.node, step)
    if (next === undefined) return at
    at = next
  }
  return at
}

/** Where a key, or a value, stands. A value that is empty stands where its key does. */
export function offsetOf({ node, entry }: Location, target: 'key' | 'value'): number {
  if (entry === undefined) return node.offset
  return target === 'key' || isEmpty(node) ? entry.key.offset : node.offset
}

function isEmpty(node: Node): boolean {
  return node.kind === 'scalar' && node.plain && node.text === ''
}

function descend(node: Node, step: string | number): Location | undefined {
  if (node.kind === 'list') {
    const item = typeof step === 'number' ? node.items[step] : undefined
    return item && { node: item, entry: undefined }
  }
  return node.kind === 'mapping' ? findField(node, String(step)) : undefined
}

function findField(node: MappingNode, key: string): Location | undefined {
  const entry = node.entries.find(entry => !isMerge(entry) && keyName(entry.key) === key)
  if (entry !== undefined) return { node: entry.value, entry }
  for (const merge of node.entries) {
    if (!isMerge(merge)) continue
    for (const base of merge.value.kind === 'list' ? merge.value.items : [merge.value]) {
      const inherited = base.kind === 'mapping' ? findField(base, key) : undefined
      if (inherited !== undefined) return inherited
    }
  }
  return undefined
}
