/**
 * Objects as YAML, the same bytes for the same object in every run: keys sorted as kubectl prints them, text of several
 * lines as blocks, so that a diff of two records reads well. A small part of YAML; every YAML reader reads it.
 */

/** Words that some reader takes for something else than text; `e5` is one reader's number. */
const special = /^(true|false|yes|no|on|off|y|n|null|nan|inf|e\d+)$/i
const plainKey = /^[A-Za-z/_][\w./@+=,()%*-]*$/
/** A space only inside, a colon only where no space follows: neither can end a key or begin a comment. */
const plainText = /^[A-Za-z/_](?:[\w./@+=,()%*-]|:(?=[^\s:])| (?=[\w./@+=,()%*-]))*$/
/** What a YAML reader may refuse, change or take for a line's end when it stands in a text as it is. */
const unprintable = /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u

/** A JSON object as a YAML document. Fields that hold `undefined` are left out, as JSON has it. */
export function writeYaml(value: object): string {
  const lines: string[] = []
  writeMap(value, '', lines)
  return lines.length === 0 ? '{}\n' : `${lines.join('\n')}\n`
}

function writeMap(map: object, indent: string, lines: string[]): void {
  for (const key of Object.keys(map).sort()) {
    const value: unknown = map[key as keyof typeof map]
    if (value === undefined) continue
    writeValue(value, { head: `${indent}${isPlainKey(key) ? key : quoted(key)}:`, indent, inMap: true }, lines)
  }
}

function isPlainKey(key: string): boolean {
  return plainKey.test(key) && !special.test(key)
}

interface Place {
  /** What stands before the value in its line: `name:` or `-`. */
  readonly head: string
  readonly indent: string
  readonly inMap: boolean
}

function writeValue(value: unknown, { head, indent, inMap }: Place, lines: string[]): void {
  const deeper = `${indent}  `
  if (typeof value === 'string') {
    writeText(value, { head, indent, inMap }, lines)
  } else if (typeof value !== 'object' || value === null) {
    lines.push(`${head} ${JSON.stringify(value) ?? 'null'}`)
  } else if (isEmpty(value)) {
    lines.push(`${head} ${Array.isArray(value) ? '[]' : '{}'}`)
  } else if (inMap) {
    lines.push(head)
    if (Array.isArray(value)) writeList(value, indent, lines)
    else writeMap(value, deeper, lines)
  } else {
    // The first line of an item that is itself a list or a map stands behind its dash.
    const first = lines.length
    if (Array.isArray(value)) writeList(value, deeper, lines)
    else writeMap(value, deeper, lines)
    lines[first] = `${head} ${lines[first]?.slice(deeper.length) ?? ''}`
  }
}

function writeList(list: readonly unknown[], indent: string, lines: string[]): void {
  for (const item of list) writeValue(item ?? null, { head: `${indent}-`, indent, inMap: false }, lines)
}

function isEmpty(value: object): boolean {
  return Array.isArray(value) ? value.length === 0 : Object.values(value).every(field => field === undefined)
}

function writeText(text: string, { head, indent }: Place, lines: string[]): void {
  if (!isBlock(text)) {
    const isPlain = plainText.test(text) && !special.test(text)
    lines.push(`${head} ${isPlain ? text : quoted(text)}`)
    return
  }
  const endsLine = text.endsWith('\n')
  lines.push(`${head} ${endsLine ? '|' : '|-'}`)
  for (const line of (endsLine ? text.slice(0, -1) : text).split('\n'))
    lines.push(line === '' ? '' : `${indent}  ${line}`)
}

/** Several lines that lose nothing as a block: no white space at the start, one newline at most at the end. */
function isBlock(text: string): boolean {
  return text.includes('\n') && !/^\s|\n\n$/.test(text) && !/^[ \t]+$/m.test(text) && !unprintable.test(text)
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, char => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
