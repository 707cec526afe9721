import {
  EVENT_ID,
  SCALAR_STYLE,
  YAMLException,
  getScalarValue,
  parseEvents,
  type Event,
  type ScalarEvent,
} from 'js-yaml'
import { Unreadable } from './source-text.ts'

/** A value as it stands in a file. `size` counts the values that it stands for, aliases expanded. */
export type Node = ScalarNode | ListNode | MappingNode
interface Placed {
  offset: number
  /** Such as `tag:yaml.org,2002:str`, where one is written. */
  readonly tag: string | undefined
  size: number
}
export interface ScalarNode extends Placed {
  readonly kind: 'scalar'
  readonly text: string
  /** Written without quotes, so that its text decides its type. */
  readonly plain: boolean
}
export interface ListNode extends Placed {
  readonly kind: 'list'
  readonly items: Node[]
}
export interface MappingNode extends Placed {
  readonly kind: 'mapping'
  readonly entries: Entry[]
}
export interface Entry {
  readonly key: Node
  readonly value: Node
}

/** Deeper nesting than any manifest has; parsing descends once a level. */
const maxDepth = 200
/** How many values all aliases of a file together may stand for. */
const maxAliased = 100_000

const absent = -1

/** The documents of a YAML file, as trees of nodes with their places. Throws Unreadable. */
export function readYaml(text: string): Node[] {
  return new Builder(text).build(parse(text))
}

function parse(text: string): Event[] {
  try {
    return parseEvents(text, { maxDepth })
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    throw new Unreadable(`not valid YAML: ${error.reason}`, {
      ...(error.mark === undefined ? {} : { offset: error.mark.position }),
      ...remedyFor(error.reason),
    })
  }
}

function remedyFor(reason: string): { remedy?: string } {
  if (reason.includes('tab')) return { remedy: 'indent with spaces' }
  if (reason.includes('maxDepth')) return { remedy: `nest no deeper than ${maxDepth} levels` }
  if (reason.includes('indentation')) return { remedy: 'align the line with its neighbours' }
  return {}
}

/** A collection that is being read. */
interface Open {
  readonly node: ListNode | MappingNode
  key: Node | undefined
}

class Builder {
  readonly #text: string
  readonly #documents: Node[] = []
  readonly #open: Open[] = []
  #anchors = new Map<string, Node>()
  #tagHandles = new Map<string, string>()
  #aliased = 0

  constructor(text: string) {
    this.#text = text
  }

  build(events: readonly Event[]): Node[] {
    for (const event of events) this.#read(event)
    return this.#documents
  }

  #read(event: Event): void {
    switch (event.type) {
      case EVENT_ID.DOCUMENT: {
        this.#anchors = new Map()
        this.#tagHandles = new Map(
          event.directives.flatMap(directive =>
            directive.kind === 'tag' ? [[directive.handle, directive.prefix]] : [],
          ),
        )
        break
      }
      case EVENT_ID.SCALAR: {
        const text = getScalarValue(this.#text, event)
        const plain = event.style === SCALAR_STYLE.PLAIN
        this.#begin(event, { kind: 'scalar', ...this.#placed(event, scalarOffset(event)), text, plain })
        break
      }
      case EVENT_ID.SEQUENCE: {
        this.#begin(event, { kind: 'list', ...this.#placed(event, event.start), items: [] })
        break
      }
      case EVENT_ID.MAPPING: {
        this.#begin(event, { kind: 'mapping', ...this.#placed(event, event.start), entries: [] })
        break
      }
      case EVENT_ID.ALIAS: {
        this.#add(this.#resolve(this.#text.slice(event.anchorStart, event.anchorEnd), event.anchorStart))
        break
      }
      case EVENT_ID.POP: {
        const closed = this.#open.pop()
        if (closed !== undefined) this.#add(closed.node)
        break
      }
    }
  }

  #placed(event: { readonly tagStart: number; readonly tagEnd: number }, offset: number): Placed {
    const tag = event.tagStart === absent ? undefined : this.#tagName(this.#text.slice(event.tagStart, event.tagEnd))
    return { offset, tag, size: 1 }
  }

  #tagName(written: string): string {
    if (written.startsWith('!<')) return written.slice(2, -1)
    const end = written.indexOf('!', 1) + 1
    const prefix = this.#tagHandles.get(written.slice(0, end))
    if (prefix !== undefined) return prefix + written.slice(end)
    return written.startsWith('!!') ? `tag:yaml.org,2002:${written.slice(2)}` : written
  }

  /** A collection is added to what holds it when it is complete, a scalar at once. */
  #begin(event: { readonly anchorStart: number; readonly anchorEnd: number }, node: Node): void {
    if (event.anchorStart !== absent) this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), node)
    if (node.kind === 'scalar') this.#add(node)
    else this.#open.push({ node, key: undefined })
  }

  #add(node: Node): void {
    const holder = this.#open.at(-1)
    if (holder === undefined) {
      this.#documents.push(node)
      return
    }
    holder.node.size += node.size
    if (holder.node.kind === 'list') {
      holder.node.items.push(node)
    } else if (holder.key === undefined) {
      holder.key = node
    } else {
      holder.node.entries.push({ key: holder.key, value: node })
      holder.key = undefined
    }
  }

  #resolve(name: string, offset: number): Node {
    const node = this.#anchors.get(name)
    if (node === undefined) {
      throw new Unreadable(`the alias *${name} names no anchor of this document`, {
        offset,
        remedy: `write &${name} before the value that is meant`,
      })
    }
    if (this.#open.some(open => open.node === node)) {
      throw new Unreadable(`the alias *${name} stands inside the value that it names`, { offset })
    }
    this.#aliased += node.size
    if (this.#aliased > maxAliased) {
      throw new Unreadable(`the aliases of this file stand for more than ${maxAliased} values`, {
        offset,
        remedy: 'write the values out, or repeat fewer',
      })
    }
    return node
  }
}

/** An empty value has no place of its own; 0 stands for "where its key is". */
function scalarOffset(event: ScalarEvent): number {
  if (event.valueStart === absent) return Math.max(event.tagEnd, event.anchorEnd, 0)
  // The range of a quoted scalar begins after its quote.
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
  return quoted ? event.valueStart - 1 : event.valueStart
}
