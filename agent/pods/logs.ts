/** A container's log lines for whoever asks, as `kubectl logs` shows them. */
import { fromTime } from '../../engine/api/time.ts'
import type { Pod } from '../../engine/api/types.ts'
import type { LogRequest } from '../../engine/protocol/session.ts'
import type { LogLine, LogOptions, Runtime } from '../runtime/runtime.ts'
import { allContainers } from '../spec/containers.ts'
import type { Observed, Run } from './runs.ts'

/** Why there are no logs, in Kubernetes's words. */
export class LogsRefused extends Error {
  /** As HTTP: 400 Bad Request, 404 Not Found. */
  readonly status: 400 | 404
  constructor(status: LogsRefused['status'], message: string) {
    super(message)
    this.name = 'LogsRefused'
    this.status = status
  }
}

export interface LogSource {
  readonly pod: Pod
  readonly observed: Observed
  readonly runtime: Runtime
}

/** Lines with their ends. Throws LogsRefused before the first one. */
export async function* readLogs(
  request: LogRequest,
  { source, signal, now }: { source: LogSource; signal: AbortSignal; now: number },
): AsyncGenerator<string> {
  const run = runOf(request, source)
  let left = request.limitBytes ?? Infinity
  for await (const line of source.runtime.logs(run.status.id, logOptions(request, { signal, now }))) {
    const bytes = Buffer.from(`${format(line, request)}\n`)
    yield bytes.subarray(0, left).toString()
    left -= bytes.length
    if (left <= 0) return
  }
}

function runOf({ container, previous }: LogRequest, { pod, observed }: LogSource): Run {
  const { name } = pod.metadata
  if (!allContainers(pod).some(candidate => candidate.name === container)) {
    throw new LogsRefused(400, `container ${container} is not valid for pod ${name}`)
  }
  const runs = observed.runs.get(container) ?? []
  const run = runs[previous ? 1 : 0]
  if (run && !run.lost) return run
  if (previous) {
    throw new LogsRefused(400, `previous terminated container "${container}" in pod "${name}" not found`)
  }
  throw new LogsRefused(400, `container "${container}" in pod "${name}" is waiting to start: ContainerCreating`)
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
