import { isPlainText } from './scalar.ts'

/** A longer line is folded at its next space, by readers of YAML read as one. */
const bestWidth = 80
/** A longer key gets a line of its own. */
const longestSimpleKey = 128

/** A JSON value as one YAML document, byte for byte as kubectl and Kustomize write it. */
export function writeKubectlYaml(value: unknown): string {
  const writer = new Writer()
  writer.node(value, { indent: 0, inMapping: false })
  return writer.text()
}

/** How the rules of `sigs.k8s.io/yaml` (go-yaml 2) order keys: digits by the number they write, letters after the rest. */
export function compareKeys(a: string, b: string): number {
  const [as, bs] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < as.length && i < bs.length; i++) {
    const [x, y] = [as[i] ?? '', bs[i] ?? '']
    if (x === y) continue
    const [letterX, letterY] = [/\p{L}/u.test(x), /\p{L}/u.test(y)]
    if (letterX && letterY) return codeOf(x) - codeOf(y)
    if (letterX || letterY) return letterY ? -1 : 1
    // Of a run of digits that differs in a zero the digits before it count too.
    const lead = (x === '0' || y === '0') && /[1-9]\d*$/.test(as.slice(0, i).join('')) ? '1' : ''
    const [nx, ny] = [digitsAt(as, i), digitsAt(bs, i)]
    const difference = Number(lead + nx) - Number(lead + ny)
    if (difference !== 0) return difference
    return nx.length - ny.length || codeOf(x) - codeOf(y)
  }
  return as.length - bs.length
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

function digitsAt(characters: readonly string[], start: number): string {
  let end = start
  while (/^\d$/.test(characters[end] ?? '')) end += 1
  return characters.slice(start, end).join('')
}

interface Context {
  /** Where lines of the collection that holds the value begin. */
  readonly indent: number
  /** A list that is a field's value begins where the field does. */
  readonly inMapping: boolean
}

class Writer {
  #lines: string[] = []
  #line: string[] = []
  #column = 0

  text(): string {
    return `${[...this.#lines, this.#line.join('')].join('\n')}\n`
  }

  node(value: unknown, context: Context): void {
    if (Array.isArray(value)) this.#list(value, context)
    else if (typeof value === 'object' && value !== null) this.#mapping(value as Record<string, unknown>, context)
    else this.#scalar(value, { indent: context.indent + 2, key: false })
  }

  #list(items: readonly unknown[], { indent, inMapping }: Context): void {
    if (items.length === 0) {
      this.#put(inMapping ? ' []' : '[]')
      return
    }
    for (const [index, item] of items.entries()) {
      if (inMapping || index > 0) this.#break(indent)
      this.#put('- ')
      this.#item(item, indent)
    }
  }

  #item(item: unknown, indent: number): void {
    this.node(item, { indent: isCollection(item) ? indent + 2 : indent, inMapping: false })
  }

  #mapping(fields: Record<string, unknown>, { indent, inMapping }: Context): void {
    const keys = Object.keys(fields).sort(compareKeys)
    if (keys.length === 0) {
      this.#put(inMapping ? ' {}' : '{}')
      return
    }
    for (const [index, key] of keys.entries()) {
      if (inMapping || index > 0) this.#break(indent)
      this.#entry(key, fields[key], indent)
    }
  }

  #entry(key: string, value: unknown, indent: number): void {
    const simple = new TextEncoder().encode(key).length <= longestSimpleKey && !key.includes('\n')
    if (simple) {
      this.#scalar(key, { indent, key: true })
    } else {
      this.#put('? ')
      this.#scalar(key, { indent: indent + 2, key: false })
      this.#break(indent)
    }
    this.#put(':')
    if (Array.isArray(value)) {
      this.#list(value, { indent, inMapping: true })
    } else if (isCollection(value)) {
      this.#mapping(value as Record<string, unknown>, { indent: indent + 2, inMapping: true })
    } else {
      this.#put(' ')
      this.#scalar(value, { indent: indent + 2, key: false })
    }
  }

  #scalar(value: unknown, { indent, key }: { readonly indent: number; readonly key: boolean }): void {
    if (typeof value !== 'string') {
      this.#put(typeof value === 'number' ? numberText(value) : String(value))
      return
    }
    const traits = traitsOf(value)
    switch (styleOf(value, { traits, key })) {
      case 'plain':
        return this.#folded(value, { quote: '', indent, key })
      case 'single':
        return this.#folded(value, { quote: "'", indent, key })
      case 'literal':
        return this.#literal(value, indent)
      case 'double':
        return this.#double(value, { indent, key })
    }
  }

  #folded(value: string, { quote, indent, key }: { quote: string; indent: number; key: boolean }): void {
    this.#put(quote)
    const characters = Array.from(value)
    for (const [i, character] of characters.entries()) {
      const edge = quote !== '' && (i === 0 || i === characters.length - 1)
      const foldable = character === ' ' && characters[i - 1] !== ' ' && characters[i + 1] !== ' ' && !edge
      if (foldable && !key && this.#column > bestWidth) this.#break(indent)
      else this.#put(quote !== '' && character === "'" ? "''" : character)
    }
    this.#put(quote)
  }

  #double(value: string, { indent, key }: { indent: number; key: boolean }): void {
    this.#put('"')
    const characters = Array.from(value)
    for (const [i, character] of characters.entries()) {
      const escaped = escapeOf(character)
      if (escaped !== undefined) {
        this.#put(escaped)
        continue
      }
      const inside = i > 0 && i < characters.length - 1
      if (character === ' ' && !key && characters[i - 1] !== ' ' && this.#column > bestWidth && inside) {
        this.#break(indent)
        if (characters[i + 1] === ' ') this.#put('\\')
      } else {
        this.#put(character)
      }
    }
    this.#put('"')
  }

  #literal(value: string, indent: number): void {
    const hint = /^[ \n]/.test(value) ? '2' : ''
    const chomp = value.endsWith('\n') ? (value === '\n' || value.endsWith('\n\n') ? '+' : '') : '-'
    this.#put(`|${hint}${chomp}`)
    const lines = value.replace(/\n$/, '').split('\n')
    for (const line of lines) this.#break(line === '' ? 0 : indent, line)
  }

  #put(text: string): void {
    this.#line.push(text)
    this.#column += Array.from(text).length
  }

  #break(indent: number, text = ''): void {
    this.#lines.push(this.#line.join(''))
    this.#line = [' '.repeat(indent), text]
    this.#column = indent + text.length
  }
}

function isCollection(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** As Go's `%g` writes what is not an integer of 64 bits: from a million on with an exponent, of at least two digits. */
function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 64) return String(value === 0 ? 0 : value)
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

interface Traits {
  readonly special: boolean
  readonly plainAllowed: boolean
  readonly singleAllowed: boolean
  readonly blockAllowed: boolean
}

function traitsOf(value: string): Traits {
  const special = Array.from(value).some(character => !isPrintable(character))
  const spaceBreak = / \n/.test(value)
  const breakSpace = /\n /.test(value)
  const edges = /^[ \n]|[ \n]$/.test(value)
  return {
    special,
    plainAllowed: !special && !spaceBreak && !breakSpace && !edges && !value.includes('\n') && !hasIndicator(value),
    singleAllowed: !special && !spaceBreak && !breakSpace,
    blockAllowed: value !== '' && !special && !spaceBreak && !value.endsWith(' '),
  }
}

function hasIndicator(value: string): boolean {
  return /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:](?:\s|$)|-(?:\s|$))|:(?:\s|$)|\s#/.test(value)
}

type Style = 'plain' | 'single' | 'double' | 'literal'

function styleOf(value: string, { traits, key }: { readonly traits: Traits; readonly key: boolean }): Style {
  if (value.includes('\n')) return traits.blockAllowed && !key ? 'literal' : 'double'
  if (!isPlainText(value) || isTimestamp(value) || base60.test(value)) return 'double'
  if (traits.plainAllowed) return 'plain'
  return traits.singleAllowed ? 'single' : 'double'
}

const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/

/** What that reader takes for a date. */
function isTimestamp(value: string): boolean {
  return /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|\s)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:\s?(?:Z|[-+]\d{2}:\d{2}))?)?$/.test(
    value,
  )
}

function isPrintable(character: string): boolean {
  const code = codeOf(character)
  if (code === 0x0a || (code >= 0x20 && code <= 0x7e)) return true
  return code >= 0xa0 && code < 0x10000 && code !== 0xfeff && code !== 0xfffe && code !== 0xffff
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\0', '\\0'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\u001b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0085', '\\N'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
])

function escapeOf(character: string): string | undefined {
  const known = escapes.get(character)
  if (known !== undefined || isPrintable(character)) return known
  const hex = codeOf(character).toString(16).toUpperCase()
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
