/** A place in a file. Lines and columns count from 1; 0 where the file has no lines. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Why a file cannot be read, at an offset of its text where that is known. */
export class Unreadable extends Error {
  readonly remedy: string | undefined
  readonly offset: number | undefined
  constructor(message: string, { remedy, offset }: { remedy?: string; offset?: number } = {}) {
    super(message)
    this.name = 'Unreadable'
    this.remedy = remedy
    this.offset = offset
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** The text of a file: UTF-8, or UTF-16 that says so by its byte order mark. The mark itself is dropped. */
export function decode(bytes: Uint8Array): string {
  const text = decodeStrictly(bytes)
  const control = text.search(forbidden)
  if (control >= 0) {
    const code = text.charCodeAt(control).toString(16).padStart(4, '0').toUpperCase()
    throw new Unreadable(`the file holds the control character U+${code}, which YAML and JSON do not allow`, {
      offset: control,
      remedy: 'remove it, or write it as an escape in a double-quoted string',
    })
  }
  return text
}

/** Control characters but tab, line feed, carriage return and next line (YAML 1.2, section 5.1). */
const forbidden = /[^\P{Cc}\t\n\r\u0085]/u

function decodeStrictly(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes)
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    const offset = decodeLoosely(bytes).indexOf('\ufffd')
    throw new Unreadable(`the file is not ${encoding.toUpperCase()} text`, {
      remedy: 'save it as UTF-8, or leave it out with .gantryignore',
      ...(offset < 0 ? {} : { offset }),
    })
  }
}

/** The text with a replacement character for every byte that cannot be read: good enough to count lines in. */
export function decodeLoosely(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes)
}

function encodingOf(bytes: Uint8Array): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return 'utf-8'
}

/** Turns offsets into lines and columns; the lines are found once, when first asked. */
export class Lines {
  readonly #text: string
  #starts: number[] | undefined

  constructor(text: string) {
    this.#text = text
  }

  at(offset: number): Place {
    const starts = (this.#starts ??= lineStarts(this.#text))
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
