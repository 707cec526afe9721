import type { LogLine } from '../runtime.ts'
import type { ContainerStreams, Output } from '../streams.ts'

/**
 * A container's output from now on, as its log gets it: the main process of a process container reads nothing, and has
 * no terminal.
 */
export function listenTo(
  follow: (signal: AbortSignal) => AsyncIterable<LogLine>,
  exitCode: () => number | undefined,
): ContainerStreams {
  const gone = new AbortController()
  async function* output(): AsyncGenerator<Output> {
    for await (const { stream, text } of follow(gone.signal)) yield { stream, bytes: Buffer.from(`${text}\n`) }
  }
  return {
    stdin: undefined,
    output: output(),
    exitCode: async () => exitCode(),
    resize: async () => {},
    close: async () => gone.abort(),
  }
}
