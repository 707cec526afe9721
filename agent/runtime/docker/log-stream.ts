import type { LogLine } from '../runtime.ts'

/**
 * Docker's log stream as lines. Each entry is a frame: a byte for the stream, three of nothing, a length in four bytes
 * (big-endian), then `<RFC 3339> <text>`; an entry longer than 16 KiB is several frames, all but the last without a line
 * end. A terminal's stream has no frames: its lines follow one another.
 */
export function logLines(framed: boolean): { push(chunk: Buffer): LogLine[]; end(): LogLine[] } {
  const pieces = { stdout: '', stderr: '' }
  let rest: Buffer = Buffer.alloc(0)

  const take = (stream: LogLine['stream'], entry: string): LogLine[] => {
    // A later piece of a long line repeats the time; only the first one counts.
    const text = pieces[stream] === '' ? entry : pieces[stream] + entry.slice(entry.indexOf(' ') + 1)
    pieces[stream] = text.endsWith('\n') ? '' : text
    return text.endsWith('\n') ? [toLine(stream, text.slice(0, -1))] : []
  }
  const takeFrames = (): LogLine[] => {
    const lines: LogLine[] = []
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      const end = 8 + rest.readUInt32BE(4)
      lines.push(...take(rest[0] === 2 ? 'stderr' : 'stdout', rest.toString('utf8', 8, end)))
      rest = rest.subarray(end)
    }
    return lines
  }
  const takePlain = (): LogLine[] => {
    const lines: LogLine[] = []
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      lines.push(toLine('stdout', rest.toString('utf8', 0, end).replace(/\r$/, '')))
      rest = rest.subarray(end + 1)
    }
    return lines
  }
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      return framed ? takeFrames() : takePlain()
    },
    end() {
      const last = framed ? [] : rest.length > 0 ? [toLine('stdout', rest.toString('utf8'))] : []
      const open = (['stdout', 'stderr'] as const).flatMap(stream =>
        pieces[stream] === '' ? [] : [toLine(stream, pieces[stream])],
      )
      return [...last, ...open]
    },
  }
}

function toLine(stream: LogLine['stream'], entry: string): LogLine {
  const space = entry.indexOf(' ')
  return { time: nineDigits(entry.slice(0, space)), stream, text: entry.slice(space + 1) }
}

/** Docker leaves out closing zeros of a second's fraction. */
function nineDigits(time: string): string {
  const [, seconds = time, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(time) ?? []
  return `${seconds}.${fraction.padEnd(9, '0')}Z`
}
