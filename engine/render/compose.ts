import type { Entry, MappingNode, Node } from './nodes.ts'
import { scalarValue } from './scalar.ts'
import { Unreadable } from './source-text.ts'

/** A mistake found while composing: the file can still be read on. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly remedy?: string
  readonly offset: number
  /** Another place that the message ends with: `… first written at line 3`. */
  readonly other?: { readonly words: string; readonly offset: number } | undefined
}

type Fields = Record<string, unknown>

/** The JSON value that a document stands for, as kubectl reads it, and what is wrong with it. */
export function compose(root: Node): { value: unknown; findings: Finding[] } {
  const findings: Finding[] = []
  return { value: composeNode(root, findings), findings }
}

function composeNode(node: Node, findings: Finding[]): unknown {
  switch (node.kind) {
    case 'scalar':
      return found(findings, () => scalarValue(node))
    case 'list':
      checkTag(node, findings)
      return node.items.map(item => composeNode(item, findings))
    case 'mapping':
      checkTag(node, findings)
      return composeMapping(node, findings)
  }
}

function composeMapping(node: MappingNode, findings: Finding[]): Fields {
  const fields: Fields = {}
  const seen = new Map<string, Entry>()
  for (const entry of node.entries) {
    if (isMerge(entry)) continue
    const key = found(findings, () => keyText(entry.key, findings))
    if (key === undefined) continue
    const first = seen.get(key)
    if (first === undefined) {
      seen.set(key, entry)
      setField(fields, { key, value: composeNode(entry.value, findings) })
    } else {
      findings.push({
        severity: 'error',
        message: `the key ${JSON.stringify(key)} is written twice in one mapping`,
        remedy: 'keep one of them',
        offset: entry.key.offset,
        other: { words: 'first written at line', offset: first.key.offset },
      })
    }
  }
  for (const entry of node.entries) if (isMerge(entry)) mergeInto(fields, entry.value, findings)
  return fields
}

/** `<<: *base`: fields of the base that the mapping does not write itself. Of several bases the first wins. */
function mergeInto(fields: Fields, base: Node, findings: Finding[]): void {
  const bases = base.kind === 'list' ? base.items : [base]
  for (const each of bases) {
    if (each.kind !== 'mapping') {
      findings.push({
        severity: 'error',
        message: '<< must name a mapping, or a list of mappings',
        remedy: 'write << with an alias of a mapping, or quote the key: "<<"',
        offset: each.offset,
      })
      continue
    }
    // What is wrong inside the base is told where the base itself is read.
    for (const [key, value] of Object.entries(composeMapping(each, []))) {
      if (!Object.hasOwn(fields, key)) setField(fields, { key, value })
    }
  }
}

export function isMerge({ key }: Entry): boolean {
  return key.kind === 'scalar' && (key.plain || key.tag === 'tag:yaml.org,2002:merge') && key.text === '<<'
}

/** A key as JSON has it: text. Kubernetes's reader writes numbers and booleans out: `yes:` becomes `"true"`. */
function keyText(key: Node, findings: Finding[]): string {
  if (key.kind !== 'scalar') throw new Unreadable(`a ${key.kind} cannot be a key`, { offset: key.offset })
  const value = scalarValue(key)
  if (value === null) {
    throw new Unreadable('a key is missing before the colon, or is null', {
      offset: key.offset,
      remedy: 'write a key, or quote it',
    })
  }
  const text = String(value)
  if (text !== key.text && key.plain) {
    findings.push({
      severity: 'warning',
      message: `the key ${key.text} is read as "${text}"`,
      remedy: `quote it: "${key.text}"`,
      offset: key.offset,
    })
  }
  return text
}

/** The name under which locating and composing both know a key; undefined where it has none. */
export function keyName(key: Node): string | undefined {
  return found([], () => keyText(key, []))
}

function setField(fields: Fields, { key, value }: { key: string; value: unknown }): void {
  // Assigning to __proto__ would change the object's prototype instead of adding a field.
  if (key === '__proto__')
    Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true })
  else fields[key] = value
}

function checkTag(node: Node, findings: Finding[]): void {
  if (node.tag === undefined || node.tag === '!') return
  const expected = node.kind === 'list' ? 'tag:yaml.org,2002:seq' : 'tag:yaml.org,2002:map'
  if (node.tag === expected) return
  findings.push({
    severity: 'error',
    message: `the tag ${node.tag} has no meaning in a manifest`,
    remedy: 'remove the tag',
    offset: node.offset,
  })
}

/** Runs a reader of one node; what it cannot read becomes a finding, and the rest of the file is read on. */
function found<Value>(findings: Finding[], read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    findings.push({
      severity: 'error',
      message: error.message,
      offset: error.offset ?? 0,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    })
    return undefined
  }
}
