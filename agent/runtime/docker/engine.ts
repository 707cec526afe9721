/** Docker's API as the runtime uses it: a limit on what runs at once, and errors that say what was tried. */
import Docker from 'dockerode'

export interface DockerEngine {
  readonly api: Docker
  /** Rejects with what was tried, and what to do where the Engine is away; Docker's own answers keep their status. */
  call<T>(action: string, request: (api: Docker) => Promise<T>): Promise<T>
  /** As `call`, but waits its turn: past eight at once nothing is gained, and the Engine's disk suffers. */
  change<T>(action: string, request: (api: Docker) => Promise<T>): Promise<T>
}

export class DockerError extends Error {
  /** HTTP status of the Engine's answer; undefined where it gave none. */
  readonly status: number | undefined
  /** The Engine's own words. */
  readonly reason: string
  constructor(
    action: string,
    { status, reason, remedy }: { status: number | undefined; reason: string; remedy: string },
  ) {
    super(`cannot ${action}: ${reason}${remedy}`)
    this.name = 'DockerError'
    this.status = status
    this.reason = reason
  }
}

const atOnce = 8

export function dockerEngine(socket: string): DockerEngine {
  const api = new Docker({ socketPath: socket })
  const turn = turns(atOnce)
  const call = async <T>(action: string, request: (api: Docker) => Promise<T>): Promise<T> => {
    try {
      return await request(api)
    } catch (error) {
      throw asDockerError(error, { action, socket })
    }
  }
  return { api, call, change: (action, request) => turn(() => call(action, request)) }
}

export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof DockerError && error.status !== undefined && statuses.includes(error.status)
}

/** Resolves to undefined where the Engine says that there is no such thing. */
export async function orMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}

function asDockerError(error: unknown, { action, socket }: { action: string; socket: string }): Error {
  if (!(error instanceof Error)) return new Error(`cannot ${action}: ${String(error)}`)
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
  if (status !== undefined) return new DockerError(action, { status, reason: wordsOf(error), remedy: '' })
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const away = code !== undefined && ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EACCES'].includes(code)
  return new DockerError(action, {
    status,
    reason: away ? `the Docker Engine at ${socket} does not answer (${code})` : error.message,
    remedy: away ? '; start it, or set DOCKER_HOST' : '',
  })
}

/** dockerode puts the status before the Engine's words. */
function wordsOf(error: Error): string {
  const json: unknown = 'json' in error ? error.json : undefined
  if (typeof json === 'object' && json !== null && 'message' in json && typeof json.message === 'string')
    return json.message
  return error.message
}

function turns(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    if (running >= limit) await new Promise<void>(resolve => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      // Handed straight to the next in line, so that nobody else slips in between.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
