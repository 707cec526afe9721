import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CliError } from './failure.ts'

/** What a command needs to ask a Gantry. */
export interface Connection {
  readonly server: string
  readonly token: string
  /** PEM of the CA that the server's certificate leads to; absent for plain HTTP or a CA that the system knows. */
  readonly ca?: string
}

/** What `gantry up` saves for the commands that follow it. The token itself stays in its own file. */
export interface SavedConnection {
  readonly server: string
  readonly tokenFile: string
  readonly cluster: string
  /** The data folder. */
  readonly data: string
  readonly caFile?: string
}

/** The options that every command which asks a server has. */
export interface ConnectionOptions {
  readonly server?: string
  readonly token?: string
  readonly ca?: string
}

type Environment = Readonly<Record<string, string | undefined>>

export function connectionPath(env: Environment = process.env): string {
  const state = env['XDG_STATE_HOME'] ?? ''
  return join(state === '' ? join(env['HOME'] ?? homedir(), '.local', 'state') : state, 'gantry', 'current.json')
}

/** Replaces the file in one step, so that a command that reads meanwhile finds the old or the new one whole. */
export function saveConnection(saved: SavedConnection, env: Environment = process.env): void {
  const path = connectionPath(env)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(saved, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, path)
}

/** Forgets what was saved, if it is still of this data folder. */
export function forgetConnection(data: string, env: Environment = process.env): void {
  if (readSaved(env)?.data === data) rmSync(connectionPath(env), { force: true })
}

/** What `gantry up` saved last; undefined where it saved nothing. @throws CliError where the file is damaged */
export function readSaved(env: Environment = process.env): SavedConnection | undefined {
  const path = connectionPath(env)
  const text = readIfPresent(path)
  if (text === undefined) return undefined
  const saved = parse(text)
  const { server, tokenFile, cluster, data, caFile } = saved
  if (![server, tokenFile, cluster, data].every(value => typeof value === 'string')) {
    throw new CliError(`${path} is damaged`, {
      remedy: 'remove it and run gantry up again, or use --server and --token',
    })
  }
  return {
    server: String(server),
    tokenFile: String(tokenFile),
    cluster: String(cluster),
    data: String(data),
    ...(typeof caFile === 'string' ? { caFile } : {}),
  }
}

/**
 * Which Gantry a command is for: the options, else GANTRY_SERVER and GANTRY_TOKEN, else what `gantry up` saved. A token
 * that was saved for one server is never sent to another. @throws CliError
 */
export function readConnection(options: ConnectionOptions, env: Environment = process.env): Connection {
  const server = options.server ?? nonEmpty(env['GANTRY_SERVER'])
  const token = options.token ?? nonEmpty(env['GANTRY_TOKEN'])
  const caFile = options.ca ?? nonEmpty(env['GANTRY_CA'])
  const saved = server === undefined || token === undefined ? readSaved(env) : undefined
  const target = server ?? saved?.server
  if (target === undefined) {
    throw new CliError('no Gantry is known here', {
      remedy: 'start one with gantry up, or name one with --server and --token',
    })
  }
  const url = serverUrl(target)
  const isSaved = saved !== undefined && serverUrl(saved.server) === url
  const secret = token ?? (isSaved ? readSecret(saved.tokenFile) : undefined)
  if (secret === undefined) {
    throw new CliError(`no token is known for ${url}`, {
      remedy: 'give it with --token or GANTRY_TOKEN; it is in <data>/token',
    })
  }
  const trusted = caFile ?? (isSaved ? saved.caFile : undefined)
  return { server: url, token: secret, ...(trusted === undefined ? {} : { ca: readSecret(trusted) }) }
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CliError(`${JSON.stringify(text)} is not the URL of a server`, { remedy: 'write http://127.0.0.1:7420' })
  }
  return url.origin
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw new CliError(`cannot read ${path}: ${(cause as Error).message}`, {
      cause,
      remedy: 'run as the user who ran gantry up, or use --token',
    })
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}
