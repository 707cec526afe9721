/** JSON messages, one a line: how every stream between engine, agent and proxy is framed. */

/** Longer lines are nonsense or an attack: the largest message is an agent's first delta. */
const maxLineLength = 256 * 1024 * 1024

export function encodeLine(message: unknown): string {
  return `${JSON.stringify(message)}\n`
}

/**
 * Cuts chunks of text into lines and parses each. `accept` gets whatever JSON a line holds: who reads it validates it.
 * Throws SyntaxError on a line that is no JSON, RangeError on one that is too long.
 */
export function createLineDecoder(
  accept: (message: unknown) => void,
  longest: number = maxLineLength,
): (chunk: string) => void {
  let parts: string[] = []
  let length = 0
  return chunk => {
    let start = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      parts.push(chunk.slice(start, end))
      const line = parts.join('')
      parts = []
      length = 0
      start = end + 1
      if (line !== '') accept(JSON.parse(line))
    }
    if (start === chunk.length) return
    parts.push(chunk.slice(start))
    length += chunk.length - start
    if (length > longest) throw new RangeError(`a message is longer than ${longest} characters`)
  }
}
