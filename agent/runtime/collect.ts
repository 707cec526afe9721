import type { ContainerStreams } from './streams.ts'
import type { ExecResult } from './runtime.ts'

const outputLimit = 10 * 1024

/** What a command says, cut, and its exit code; it is closed where its time runs out. */
export async function collect(streams: ContainerStreams, timeoutMs: number): Promise<ExecResult> {
  const kept: Buffer[] = []
  let length = 0
  const ended = (async () => {
    for await (const { bytes } of streams.output) {
      const part = bytes.subarray(0, outputLimit - length)
      length += part.length
      kept.push(part)
    }
    return streams.exitCode()
  })()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>(resolve => (timer = setTimeout(() => resolve('late'), timeoutMs)))
  try {
    const exitCode = await Promise.race([ended, late])
    if (exitCode === 'late') {
      // What it still says, and how it ends, is of no interest.
      ended.catch(() => {})
      await streams.close()
    }
    return { exitCode: exitCode === 'late' ? undefined : exitCode, output: Buffer.concat(kept).toString('utf8') }
  } finally {
    clearTimeout(timer)
  }
}
