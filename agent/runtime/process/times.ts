/**
 * When the lines of a container were written. The shim keeps its output as it is and cannot stamp it; the agent looks
 * on and notes, beside each file, how long it was when: `<bytes> <milliseconds since 1970>` a line. So a line's time is
 * late by some milliseconds, and lines written while no agent ran share the time of the last of them. The output itself
 * never depends on the agent.
 */
import type { FSWatcher } from 'node:fs'
import { appendFileSync, closeSync, fstatSync, openSync, readdirSync, readSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'

export interface TimeNote {
  readonly bytes: number
  readonly at: number
}

/** Notes are at least this far apart: a program that writes a byte at a time costs 100 notes a second. */
const spacingMs = 10
const logFile = /^(?:stdout|stderr)\.\d+$/

/** Notes times until the returned function is called. */
export function noteTimes(folder: string): () => void {
  const noted = new Map<string, number>()
  const due = new Map<string, NodeJS.Timeout>()
  const note = (file: string, at: number | undefined): void => {
    const status = statSync(join(folder, file), { throwIfNoEntry: false })
    const before = noted.get(file) ?? new NoteReader().at(join(folder, file)).at(-1)?.bytes ?? 0
    if (status === undefined || status.size <= before) return
    noted.set(file, status.size)
    appendFileSync(join(folder, `${file}.times`), `${status.size} ${Math.round(at ?? status.mtimeMs)}\n`, {
      mode: 0o600,
    })
  }
  const watcher: FSWatcher = watch(folder, (_, file) => {
    if (file === null || !logFile.test(file) || due.has(file)) return
    const at = Date.now()
    const timer = setTimeout(() => {
      due.delete(file)
      tolerateVanished(() => note(file, at))
    }, spacingMs)
    due.set(file, timer)
  })
  // A folder that goes while it is watched is reported on some systems: the container was removed.
  watcher.on('error', () => watcher.close())
  tolerateVanished(() => {
    for (const file of readdirSync(folder).filter(name => logFile.test(name))) note(file, undefined)
  })
  return () => {
    watcher.close()
    for (const [file, timer] of due) {
      clearTimeout(timer)
      tolerateVanished(() => note(file, undefined))
    }
    due.clear()
  }
}

/** Reads a file's notes, and then only what came since. */
export class NoteReader {
  #file = ''
  #read = 0
  #notes: TimeNote[] = []

  at(file: string): readonly TimeNote[] {
    if (file !== this.#file) [this.#file, this.#read, this.#notes] = [file, 0, []]
    const text = readFrom(`${file}.times`, this.#read)
    // A torn last note (it is being written, or the disk was full) is left for later.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    this.#read += whole.length
    for (const line of whole.split('\n')) {
      const [bytes, at] = line.split(' ').map(Number)
      if (bytes !== undefined && at !== undefined && !Number.isNaN(bytes + at)) this.#notes.push({ bytes, at })
    }
    return this.#notes
  }
}

function readFrom(file: string, offset: number): string {
  let text = ''
  tolerateVanished(() => {
    const descriptor = openSync(file, 'r')
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - offset))
      text = bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.length, offset))
    } finally {
      closeSync(descriptor)
    }
  })
  return text
}

/** When the byte at this offset had been written, as far as notes tell. */
export function timeAt(notes: readonly TimeNote[], offset: number): number | undefined {
  let [low, high] = [0, notes.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((notes[middle]?.bytes ?? 0) > offset) high = middle
    else low = middle + 1
  }
  return notes[low]?.at
}

function tolerateVanished(action: () => void): void {
  try {
    action()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // The log's rotation and the container's removal take files away at any moment; a full disk loses times, no lines.
    if (code !== 'ENOENT' && code !== 'ENOSPC') throw error
  }
}
