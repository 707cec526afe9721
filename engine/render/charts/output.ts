import type { Origin } from '../../api/problem.ts'
import type { FieldPath } from '../../api/report.ts'

/** What made a piece of text. */
export interface Mark {
  readonly origin: Origin
  /** The text stands in the template as it is, so that places inside it can be told. */
  readonly exact: boolean
  /** The values that it was made of, as paths below `Values`. */
  readonly reads: readonly FieldPath[]
  /** Where the partial that it stands in was included. */
  readonly via?: Origin | undefined
}

/** A part of one line; only its last letter may be a line break. */
export interface Piece {
  readonly text: string
  readonly mark: Mark
}

/** The text that a template gives, which remembers what made each part of it. */
export class Output {
  readonly pieces: Piece[] = []

  /** An exact text is divided at its line breaks, and each part placed. */
  add(text: string, mark: Mark): void {
    let { line, column } = mark.origin
    for (const part of linesOf(text)) {
      this.pieces.push({ text: part, mark: mark.exact ? { ...mark, origin: { ...mark.origin, line, column } } : mark })
      line += 1
      column = 1
    }
  }

  /** A partial's text, each line behind the white space that stood before its call. */
  append(other: Output, { indent, via }: { readonly indent: string; readonly via: Origin }): void {
    for (const line of other.lines()) {
      const [first] = line
      const isEmpty = first?.text === '\n'
      if (indent !== '' && first !== undefined && !isEmpty) this.pieces.push({ text: indent, mark: first.mark })
      for (const { text, mark } of line) this.pieces.push({ text, mark: { ...mark, via: mark.via ?? via } })
    }
  }

  /**
   * What a helper made, perhaps of texts that partials gave: a line that is one of theirs, but for the white space before
   * it, keeps its marks. So `nindent 4 (include …)` still tells lines of the partial.
   */
  addMade(text: string, { mark, parts }: { readonly mark: Mark; readonly parts: readonly Output[] }): void {
    const known = linesByContent(parts)
    for (const line of linesOf(text)) {
      const content = line.trim()
      const source = known.get(content)?.shift()
      if (source === undefined) {
        this.add(line, mark)
        continue
      }
      const end = line.slice(line.trimEnd().length)
      this.add(line.slice(0, line.indexOf(content)), { ...mark, origin: source[0]?.mark.origin ?? mark.origin })
      for (const piece of trimmed(source)) {
        const { mark: inner } = piece
        this.pieces.push({
          text: piece.text,
          mark: { ...inner, reads: [...inner.reads, ...mark.reads], via: inner.via ?? mark.origin },
        })
      }
      this.add(end, mark)
    }
  }

  text(): string {
    return this.pieces.map(({ text }) => text).join('')
  }

  /** The pieces of each line, its break included. */
  lines(): Piece[][] {
    const lines: Piece[][] = []
    let line: Piece[] = []
    for (const piece of this.pieces) {
      line.push(piece)
      if (!piece.text.endsWith('\n')) continue
      lines.push(line)
      line = []
    }
    return line.length === 0 ? lines : [...lines, line]
  }
}

/** Finds what made the text at an offset. */
export class Marks {
  readonly #pieces: readonly Piece[]
  readonly #starts: readonly number[]

  constructor(pieces: readonly Piece[]) {
    let at = 0
    this.#pieces = pieces
    this.#starts = pieces.map(({ text }) => {
      const start = at
      at += text.length
      return start
    })
  }

  at(offset: number): Mark | undefined {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const piece = this.#pieces[low]
    if (piece === undefined || !piece.mark.exact) return piece?.mark
    const { origin } = piece.mark
    const inside = Math.min(offset - (this.#starts[low] ?? 0), piece.text.length)
    return { ...piece.mark, origin: { ...origin, column: origin.column + inside } }
  }
}

/** The lines of a text, breaks included. */
function linesOf(text: string): string[] {
  const lines: string[] = []
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start) + 1 || text.length
    lines.push(text.slice(start, end))
    start = end
  }
  return lines
}

/** Lines that are alike in the order in which they stand; empty ones are nobody's. */
function linesByContent(parts: readonly Output[]): Map<string, Piece[][]> {
  const known = new Map<string, Piece[][]>()
  for (const line of parts.flatMap(part => part.lines())) {
    const content = textOf(line).trim()
    if (content === '') continue
    const alike = known.get(content) ?? []
    known.set(content, alike)
    alike.push(line)
  }
  return known
}

function textOf(line: readonly Piece[]): string {
  return line.map(({ text }) => text).join('')
}

/** The pieces of a line without the white space around it. */
function trimmed(line: readonly Piece[]): Piece[] {
  const text = textOf(line)
  const start = text.length - text.trimStart().length
  const end = text.trimEnd().length
  let at = 0
  return line.flatMap(({ text: part, mark }) => {
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, part.length)]
    at += part.length
    if (from >= to) return []
    const { origin } = mark
    const moved = mark.exact ? { ...mark, origin: { ...origin, column: origin.column + from } } : mark
    return [{ text: part.slice(from, to), mark: moved }]
  })
}
