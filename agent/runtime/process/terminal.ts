/** A terminal for a command, by script(1): Node can neither make one nor set its size. */
import { execFile } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { descendants, identify } from '../../../machine/processes.ts'
import type { TerminalSize } from '../../../engine/protocol/streams.ts'
import { quote } from './environment.ts'
import { shimPath } from './machine.ts'
import type { Wiring } from './output.ts'

const run = promisify(execFile)
/** How long a command waits for its terminal's first size: a client that has one tells it at once. */
const sizeMs = 200

/**
 * The command waits within its terminal until it reads its own words on 4, and says on 5 that it does: by then the
 * terminal is there and has its first size.
 */
export function openTerminal(
  child: ChildProcess,
  { words, stdin }: { words: readonly string[]; stdin: boolean },
): Omit<Wiring, 'exit'> {
  const streams: readonly unknown[] = child.stdio
  const [input, output, errors, , said, waits] = streams
  if (!(input instanceof Writable && output instanceof Readable && errors instanceof Readable)) throw notPiped()
  if (!(said instanceof Writable && waits instanceof Readable)) throw notPiped()
  let firstSize: () => void = () => {}
  const sized = new Promise<void>(resolve => (firstSize = resolve))
  // Those that started it hold 5 as well: its end says no more than theirs.
  const ready = new Promise(resolve => waits.once('data', resolve).once('close', resolve)).then(() => {
    waits.destroy()
    return terminalOf(child)
  })
  said.on('error', () => {})

  async function resize({ width, height }: TerminalSize): Promise<void> {
    const terminal = await ready
    if (terminal === undefined) return
    const size = ['rows', String(height), 'cols', String(width)]
    // It may end at any moment, and the terminal with it.
    await run('stty', ['-F', terminal, ...size], { env: { PATH: shimPath } }).catch(() => {})
    firstSize()
  }

  void ready
    .then(() => Promise.race([sized, new Promise(resolve => setTimeout(resolve, sizeMs))]))
    .then(() => said.end(words.map(quote).join(' ')))
  // Without an input the terminal still has one: its end would be the command's end of file.
  return { stdin: stdin ? input : undefined, outputs: { stdout: output, stderr: errors }, resize }
}

function notPiped(): Error {
  return new Error('a command was started without the streams that its terminal needs')
}

/** The terminal as a path that leads to it from any mount namespace; undefined where the command is gone. */
function terminalOf({ pid }: ChildProcess): string | undefined {
  const root = pid === undefined ? undefined : identify(pid)
  const paths = root === undefined ? [] : descendants(root).map(found => `/proc/${found.pid}/fd/0`)
  return paths.find(isTerminal)
}

function isTerminal(path: string): boolean {
  try {
    return /^\/dev\/pts\/\d+$/.test(readlinkSync(path))
  } catch {
    return false
  }
}
