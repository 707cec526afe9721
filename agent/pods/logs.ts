/** A container's log lines for whoever asks, as `kubectl logs` shows them. */
import { fromTime } from '../../engine/api/time.ts'
import type { LogRequest } from '../../engine/protocol/session.ts'
import type { LogLine, LogOptions, Runtime } from '../runtime/runtime.ts'
import type { Run } from './runs.ts'

export interface LogSource {
  readonly run: Run
  readonly runtime: Runtime
}

/** Lines with their ends. */
export async function* readLogs(
  request: LogRequest,
  { source, signal, now }: { source: LogSource; signal: AbortSignal; now: number },
): AsyncGenerator<Buffer> {
  let left = request.limitBytes ?? Infinity
  for await (const line of source.runtime.logs(source.run.status.id, logOptions(request, { signal, now }))) {
    const bytes = Buffer.from(`${format(line, request)}\n`)
    yield bytes.subarray(0, left)
    left -= bytes.length
    if (left <= 0) return
  }
}

function logOptions(
  { follow, previous, tailLines, sinceSeconds, sinceTime }: LogRequest,
  { signal, now }: { signal: AbortSignal; now: number },
): LogOptions {
  const since = sinceTime === undefined ? sinceSeconds && now - sinceSeconds * 1000 : fromTime(sinceTime)
  return {
    follow: follow && !previous,
    signal,
    ...(tailLines !== undefined && { tailLines }),
    ...(since !== undefined && { since }),
  }
}

function format({ time, text }: LogLine, { timestamps }: LogRequest): string {
  return timestamps ? `${time} ${text}` : text
}
