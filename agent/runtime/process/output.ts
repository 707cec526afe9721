import { Readable } from 'node:stream'
import type { Writable } from 'node:stream'
import type { ContainerStreams, Output } from '../streams.ts'

/** What connects a started command. */
export interface Wiring {
  readonly stdin: Writable | undefined
  readonly outputs: Outputs
  readonly resize?: ContainerStreams['resize']
  readonly exit: Promise<number>
}

export interface Outputs {
  readonly stdout: Readable
  readonly stderr: Readable
}

/** How long after a command's end its output may be silent before it counts as ended. */
const lingerMs = 200

/**
 * Two streams as one, in the order in which they are read, and no faster than that one is. It ends with both of them; or
 * when the command has ended and nothing comes any more: what it left in the background may hold its output open for ever.
 */
export function joined(sources: Outputs, exit: Promise<unknown>): AsyncIterable<Output> {
  const open = new Set<Readable>()
  let isWanted = true
  let heard = false
  const output = new Readable({
    objectMode: true,
    highWaterMark: 4,
    read() {
      isWanted = true
      for (const source of open) source.resume()
    },
    destroy(error, done) {
      for (const source of open) source.destroy()
      done(error)
    },
  })
  for (const stream of ['stdout', 'stderr'] as const) {
    const source = sources[stream]
    open.add(source)
    source.on('data', (bytes: Buffer) => {
      heard = true
      isWanted = output.push({ stream, bytes } satisfies Output)
      if (!isWanted) for (const other of open) other.pause()
    })
    const end = (): void => {
      if (open.delete(source) && open.size === 0) output.push(null)
    }
    // A terminal whose last process is gone reads as an error.
    source.once('end', end).once('error', end).once('close', end)
  }
  void exit.then(() => {
    const look = setInterval(() => {
      const isSilent = isWanted && !heard
      heard = false
      if (open.size > 0 && isSilent && !output.destroyed) for (const source of open) source.destroy()
      if (open.size === 0 || output.destroyed) clearInterval(look)
    }, lingerMs)
  })
  return output
}
