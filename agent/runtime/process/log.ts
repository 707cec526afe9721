/** A container's log: its two streams, each in numbered files, as one sequence of lines by time. */
import { watch } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogLine, LogOptions } from '../runtime.ts'
import { isMissing } from '../../../machine/files.ts'
import { NoteReader, timeAt } from './times.ts'
import type { TimeNote } from './times.ts'

type Stream = LogLine['stream']
interface TimedLine {
  readonly at: number
  readonly stream: Stream
  readonly text: string
}

/** A line longer than this is told in pieces. */
const longestLine = 1024 * 1024
const newline = 0x0a

export interface LogSource {
  readonly folder: string
  /** Whether all that the container wrote is in the files, and nothing more will come. */
  readonly complete: () => Promise<boolean>
}

export async function* readLog({ folder, complete }: LogSource, options: LogOptions): AsyncGenerator<LogLine> {
  const streams = [new StreamReader(folder, 'stdout'), new StreamReader(folder, 'stderr')]
  const since = options.since ?? 0
  const changes = options.follow ? watchFolder(folder, options.signal) : undefined
  try {
    let ended = await complete()
    const kept = (await takeLines(streams, ended)).filter(line => line.at >= since)
    yield* (options.tailLines === undefined ? kept : kept.slice(Math.max(0, kept.length - options.tailLines))).map(
      toLine,
    )
    if (changes === undefined) return
    while (!ended && options.signal?.aborted !== true) {
      await changes.next()
      // Asked before reading: what is read after the last byte was written is all of it.
      ended = await complete()
      yield* (await takeLines(streams, ended)).map(toLine)
    }
  } finally {
    changes?.close()
  }
}

async function takeLines(streams: readonly StreamReader[], ended: boolean): Promise<readonly TimedLine[]> {
  const taken = await Promise.all(streams.map(stream => stream.take(ended)))
  // Stable: lines of one stream keep their order, and of two at the same time stdout's come first.
  return taken.flat().sort((a, b) => a.at - b.at)
}

function toLine({ at, stream, text }: TimedLine): LogLine {
  return { time: new Date(at).toISOString().replace('Z', '000000Z'), stream, text }
}

/** Reads on where it stopped, from file to file. */
class StreamReader {
  readonly #folder: string
  readonly #stream: Stream
  /** The number of the file that is being read; 0 before the first. */
  #number = 0
  #offset = 0
  #rest: Buffer = Buffer.alloc(0)
  #lastTime = 0
  readonly #notes = new NoteReader()
  /** Whether the next line's beginning is gone. */
  #cut = false

  constructor(folder: string, stream: Stream) {
    this.#folder = folder
    this.#stream = stream
  }

  async take(ended: boolean): Promise<TimedLine[]> {
    // Batches, since a file may hold more lines than a call may have arguments.
    const batches: TimedLine[][] = []
    for (const number of await this.#numbers()) {
      if (number < this.#number) continue
      if (number > this.#number) {
        // Where a file between was rotated away, the beginning of the next one's first line went with it.
        this.#cut = number > this.#number + 1
        if (this.#cut) this.#rest = Buffer.alloc(0)
        ;[this.#number, this.#offset] = [number, 0]
      }
      batches.push(await this.#readOn())
    }
    if (ended && this.#rest.length > 0) {
      batches.push([{ at: this.#lastTime, stream: this.#stream, text: this.#rest.toString('utf8') }])
      this.#rest = Buffer.alloc(0)
    }
    return batches.flat()
  }

  async #readOn(): Promise<TimedLine[]> {
    const path = join(this.#folder, `${this.#stream}.${this.#number}`)
    const bytes = await readFrom(path, this.#offset)
    if (bytes.length === 0) return []
    const notes = this.#notes.at(path)
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    // Where in the file the line at hand begins: before it where its beginning was read earlier.
    const origin = this.#offset - this.#rest.length
    this.#offset += bytes.length
    const lines: TimedLine[] = []
    let start = 0
    while (start < data.length) {
      const end = data.indexOf(newline, start)
      if (end < 0 && data.length - start < longestLine) break
      const stop = end < 0 ? data.length : end
      this.#lastTime = this.#timeOf(notes, origin + stop)
      if (!this.#cut) lines.push({ at: this.#lastTime, stream: this.#stream, text: data.toString('utf8', start, stop) })
      this.#cut = false
      start = stop + (end < 0 ? 0 : 1)
    }
    this.#rest = data.subarray(start)
    if (this.#rest.length > 0) this.#lastTime = this.#timeOf(notes, this.#offset - 1)
    return lines
  }

  /** Never before the line above it: a line without a note yet was just written. */
  #timeOf(notes: readonly TimeNote[], offset: number): number {
    return Math.max(this.#lastTime, timeAt(notes, offset) ?? Date.now())
  }

  async #numbers(): Promise<readonly number[]> {
    const prefix = `${this.#stream}.`
    const names = await namesIn(this.#folder)
    return names
      .filter(name => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .map(name => Number(name.slice(prefix.length)))
      .sort((a, b) => a - b)
  }
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  try {
    const file = await open(path)
    try {
      const bytes = Buffer.alloc(Math.max(0, (await file.stat()).size - offset))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset)
      return bytes.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0)
    throw error
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Whether the shim has written out both streams: it removes their pipes then. */
export async function streamsWritten(folder: string): Promise<boolean> {
  const pipes = await Promise.all(
    ['stdout', 'stderr'].map(async name => {
      try {
        return (await stat(join(folder, name))).isFIFO()
      } catch (error) {
        if (isMissing(error)) return false
        throw error
      }
    }),
  )
  return pipes.every(exists => !exists)
}

/** Output that comes fast is read so often, not at each write. */
const followEveryMs = 50

/** `next` resolves when something changed in the folder since the last call, and at least once a second. */
function watchFolder(
  folder: string,
  signal: AbortSignal | undefined,
): { next: () => Promise<void>; close: () => void } {
  let changed = false
  let wake: (() => void) | undefined
  const ring = (): void => {
    changed = true
    wake?.()
  }
  const watcher = watch(folder, ring)
  watcher.on('error', ring)
  signal?.addEventListener('abort', ring)
  return {
    next: async () => {
      if (!changed) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, 1000)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      await new Promise(resolve => setTimeout(resolve, followEveryMs))
      changed = false
    },
    close: () => {
      watcher.close()
      signal?.removeEventListener('abort', ring)
    },
  }
}
