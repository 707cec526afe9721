import type { Entry, Node } from '../nodes.ts'

/** A parsed JSON value as text again, in the order of its keys, indented with tabs as SOPS does. */
export function jsonText(node: Node): string {
  return `${write(node, '')}\n`
}

function write(node: Node, indent: string): string {
  const deeper = `${indent}\t`
  switch (node.kind) {
    case 'scalar':
      return node.plain ? jsonWord(node.text) : JSON.stringify(node.text)
    case 'list':
      return block(
        '[',
        node.items.map(item => deeper + write(item, deeper)),
        { indent, end: ']' },
      )
    case 'mapping': {
      const fields = node.entries.map(
        ({ key, value }) => `${deeper}${JSON.stringify(keyText(key))}: ${write(value, deeper)}`,
      )
      return block('{', fields, { indent, end: '}' })
    }
  }
}

/** A boolean that was encrypted comes back as SOPS writes it: True. */
function jsonWord(text: string): string {
  return text === 'True' || text === 'False' ? text.toLowerCase() : text
}

// oxlint-disable-next-line max-params -- the brackets are one argument each
function block(start: string, lines: readonly string[], { indent, end }: { indent: string; end: string }): string {
  return lines.length === 0 ? start + end : `${start}\n${lines.join(',\n')}\n${indent}${end}`
}

function keyText(key: Node): string {
  return key.kind === 'scalar' ? key.text : ''
}

/** A JSON value as nodes without places, to be written with others. */
export function nodeOf(value: unknown): Node {
  const common = { offset: 0, size: 1, tag: undefined }
  if (Array.isArray(value)) return { kind: 'list', ...common, items: value.map(nodeOf) }
  if (typeof value === 'object' && value !== null) {
    return { kind: 'mapping', ...common, entries: Object.entries(value).map(entryOf) }
  }
  return { kind: 'scalar', ...common, text: String(value), plain: typeof value !== 'string' }
}

export function entryOf([key, value]: readonly [string, unknown]): Entry {
  return { key: nodeOf(key), value: nodeOf(value) }
}
