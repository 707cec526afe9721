import type { ContainerId, LogLine, LogOptions } from '../runtime.ts'
import type { DockerEngine } from './engine.ts'
import { logLines } from './log-stream.ts'

/** The lines that the Engine keeps of a container, oldest first. */
export async function* readLog(
  engine: DockerEngine,
  { id, framed }: { id: ContainerId; framed: boolean },
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const action = `read the log of container ${id.slice(0, 12)}`
  const request = { stdout: true, stderr: true, timestamps: true }
  const { signal, since, tailLines } = options
  const range = {
    ...(since === undefined ? {} : { since: since / 1000 }),
    ...(tailLines === undefined ? {} : { tail: tailLines }),
  }
  async function kept(from: typeof range): Promise<LogLine[]> {
    const bytes = await engine.call(action, api => api.getContainer(id).logs({ ...request, ...from, follow: false }))
    const parser = logLines(framed)
    return [...parser.push(bytes), ...parser.end()]
  }

  if (!options.follow) {
    yield* await kept(range)
    return
  }
  if (isAborted(signal)) return
  const stream = await engine.call(action, api =>
    api.getContainer(id).logs({
      ...request,
      ...range,
      follow: true,
      ...(signal === undefined ? {} : { abortSignal: signal }),
    }),
  )
  const parser = logLines(framed)
  let last: LogLine | undefined
  try {
    for await (const chunk of stream) {
      for (const line of parser.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk))) yield (last = line)
    }
  } catch (error) {
    if (!isAborted(signal)) throw error
    return
  }
  for (const line of parser.end()) yield (last = line)
  // A container that ends while its log is followed may take its last line along: Docker 20.10 ends the stream first.
  const { time } = last ?? { time: '' }
  const rest = await kept(last === undefined ? range : { since: Math.floor(Date.parse(time) / 1000) })
  yield* rest.filter(line => line.time > time)
}

/** Asked again after a wait: what was true of a signal before need not be. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
