import { readYaml, type Node } from './nodes.ts'
import { Unreadable } from './source-text.ts'

/** The values of a JSON file, one after another, as trees of nodes with their places. Throws Unreadable. */
export function readJson(text: string): Node[] {
  return splitValues(text).flatMap(({ start, end }) => {
    const value = text.slice(start, end)
    checkSyntax(value, start)
    try {
      // JSON is YAML in flow style, so one reader gives both the same nodes.
      const nodes = readYaml(value)
      for (const node of nodes) shift(node, start)
      return nodes
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      throw moved(error, start)
    }
  })
}

function checkSyntax(value: string, start: number): void {
  try {
    JSON.parse(value)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const position = Number(
      /at position (\d+)/.exec(message)?.[1] ?? (message.includes('end of JSON') ? value.length : 0),
    )
    throw new Unreadable(
      `not valid JSON: ${message.replace(/ in JSON at position.*| \(line.*|, .{0,40}(\.\.\. )?.*is not valid JSON$/s, '')}`,
      {
        offset: start + position,
      },
    )
  }
}

function moved(error: Unreadable, start: number): Unreadable {
  return new Unreadable(error.message, {
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error.offset === undefined ? {} : { offset: error.offset + start }),
  })
}

/** JSON has no aliases, so every node is met once. */
function shift(node: Node, by: number): void {
  node.offset += by
  if (node.kind === 'list') for (const item of node.items) shift(item, by)
  if (node.kind === 'mapping') {
    for (const { key, value } of node.entries) {
      shift(key, by)
      shift(value, by)
    }
  }
}

/** Where each top-level value begins and ends: brackets are counted outside of strings. */
function splitValues(text: string): { start: number; end: number }[] {
  const values: { start: number; end: number }[] = []
  const token = /"(?:[^"\\]|\\.)*"?|[{}[\]]|[^\s"{}[\]]+/gs
  let depth = 0
  let start = 0
  for (const { 0: found, index } of text.matchAll(token)) {
    if (depth === 0) start = index
    if (found === '{' || found === '[') depth += 1
    if (found === '}' || found === ']') depth -= 1
    if (depth <= 0) {
      values.push({ start, end: index + found.length })
      depth = 0
    }
  }
  if (depth > 0) values.push({ start, end: text.length })
  return values
}
