/**
 * Reads what writeYaml writes, and nothing else: ten times as fast as a reader of all of YAML, which is what a restart
 * with many thousand objects waits for.
 */

/** A document that writeYaml did not write. */
export class NotWrittenHere extends Error {
  override readonly name = 'NotWrittenHere'
}

const entry = /^([A-Za-z/_][\w./@+=,()%*-]*|"(?:[^"\\]|\\.)*"):(?: (.*))?$/s

export function readYaml(text: string): unknown {
  if (!text.endsWith('\n')) throw new NotWrittenHere('the last line does not end')
  const reader = new Reader(text.slice(0, -1).split('\n'))
  return reader.document()
}

class Reader {
  readonly #lines: string[]
  #at = 0

  constructor(lines: string[]) {
    this.#lines = lines
  }

  document(): unknown {
    if (this.#lines[0] === '{}' && this.#lines.length === 1) return {}
    const value = this.#map(0)
    if (this.#at < this.#lines.length) this.#fail()
    return value
  }

  #map(indent: number): unknown {
    const fields: [string, unknown][] = []
    for (let line = this.#lineAt(indent); line !== undefined && !isItem(line); line = this.#lineAt(indent)) {
      const match = entry.exec(line)
      if (!match) return this.#fail()
      const [, name = '', rest] = match
      this.#at += 1
      fields.push([name.startsWith('"') ? this.#quoted(name) : name, this.#value(rest, indent)])
    }
    if (fields.length === 0) this.#fail()
    return Object.fromEntries(fields)
  }

  /** The value of a field: in its line, or below it where the line ends with the colon. */
  #value(rest: string | undefined, indent: number): unknown {
    if (rest !== undefined) return this.#scalar(rest, indent)
    const below = this.#lineAt(indent)
    return below !== undefined && isItem(below) ? this.#list(indent) : this.#map(indent + 2)
  }

  #list(indent: number): unknown[] {
    const items: unknown[] = []
    for (let line = this.#lineAt(indent); line !== undefined && isItem(line); line = this.#lineAt(indent)) {
      const rest = line.slice(2)
      if (isItem(rest) || entry.test(rest)) {
        // What follows the dash reads as a line of its own.
        this.#lines[this.#at] = `${' '.repeat(indent + 2)}${rest}`
        items.push(isItem(rest) ? this.#list(indent + 2) : this.#map(indent + 2))
      } else {
        this.#at += 1
        items.push(this.#scalar(rest, indent))
      }
    }
    return items
  }

  #scalar(text: string, indent: number): unknown {
    switch (text) {
      case '|':
        return `${this.#block(indent + 2)}\n`
      case '|-':
        return this.#block(indent + 2)
      case '{}':
        return {}
      case '[]':
        return []
      case 'null':
        return null
      case 'true':
        return true
      case 'false':
        return false
    }
    if (text.startsWith('"')) return this.#quoted(text)
    if (/^[A-Za-z/_]/.test(text)) return text
    if (/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(text)) return Number(text)
    return this.#fail()
  }

  #block(indent: number): string {
    const start = this.#at
    const prefix = ' '.repeat(indent)
    const isInside = (line: string | undefined) => line === '' || line?.startsWith(prefix)
    while (isInside(this.#lines[this.#at])) this.#at += 1
    return this.#lines
      .slice(start, this.#at)
      .map(line => line.slice(indent))
      .join('\n')
  }

  #quoted(text: string): string {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'string') return value
    } catch {
      // Told below, with the line.
    }
    return this.#fail()
  }

  /** The rest of the current line where it is indented by exactly that much. */
  #lineAt(indent: number): string | undefined {
    const line = this.#lines[this.#at]
    if (line === undefined || line.length <= indent || line[indent] === ' ') return undefined
    return indent === 0 || line.lastIndexOf(' '.repeat(indent), 0) === 0 ? line.slice(indent) : undefined
  }

  #fail(): never {
    throw new NotWrittenHere(`line ${this.#at + 1} is not as Gantry writes it`)
  }
}

function isItem(line: string): boolean {
  return line.startsWith('- ')
}
