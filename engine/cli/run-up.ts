/** Runs the engine in the foreground and tells a person what happens. */
import { pino } from 'pino'
import type { Logger } from 'pino'
import { writeFileDurably } from '../../machine/files.ts'
import { takeAgeKeys } from '../age-keys.ts'
import { news, openAddresses, welcomeLines } from '../console.ts'
import { openData } from '../data.ts'
import type { DataFolder } from '../data.ts'
import { startEngine } from '../engine.ts'
import type { Engine } from '../engine.ts'
import type { NodeOptions } from '../node-options.ts'
import type { NetworkMode } from '../protocol/session.ts'
import { formatEngineAddress } from '../protocol/address.ts'
import type { EngineAddress } from '../protocol/address.ts'
import { readCredentials } from '../remotes/credentials.ts'
import { saveConnection } from './connection.ts'
import { CliError } from './failure.ts'

export interface EngineFlags {
  readonly repo?: string
  readonly branch: string
  readonly path?: string
  readonly name?: string
  readonly data: string
  readonly port: number
  readonly tlsPort: number
  readonly listen: string
  /** Seconds. */
  readonly interval: number
  readonly registryConfig?: string
  readonly agentsListen: EngineAddress | undefined
  readonly tlsSan: readonly string[]
  readonly ageKeyFile?: string
  /** Seconds; for tests. */
  readonly certificateLifetime: number | undefined
  /** What runs pods on this machine; undefined for an engine alone. */
  readonly agent: NodeOptions | undefined
  readonly network: NetworkMode | undefined
}

/** What the command line calls itself: in its messages, people are told to run it again. */
export type Program = 'gantry up' | 'gantry engine'

export async function runEngine(program: Program, options: EngineFlags): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`gantry: ${line}\n`)
  const identities = await takeAgeKeys(options.ageKeyFile)
  const data = await openData(options.data, { clusterName: options.name })
  const log = openLog(data.file('gantry.log'))
  // Nobody foresaw it: what was decided is on the record, so ending here is safe, and going on might not be.
  process.on('uncaughtException', error => {
    log.fatal(error)
    process.stderr.write(`gantry: ${error.message}; this is an error in Gantry, see ${data.file('gantry.log')}\n`)
    process.exit(1)
  })
  const given = new AbortController()
  const givenUp = new Promise<never>((_, reject) => {
    given.signal.addEventListener('abort', () => reject(given.signal.reason as Error), { once: true })
  })
  givenUp.catch(() => {})
  let engine: Engine | undefined
  let stoppingSince: number | undefined

  async function stop(last: string): Promise<void> {
    // npm passes on the Ctrl-C that the terminal has told everybody of; whoever waits and asks again means it.
    if (stoppingSince !== undefined && performance.now() - stoppingSince > 1_000) process.exit(1)
    if (stoppingSince !== undefined) return
    stoppingSince = performance.now()
    if (engine === undefined) {
      given.abort(new CliError('stopped before Gantry was up'))
      return
    }
    say('stopping …')
    await engine.stop()
    say(last)
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(
      signal,
      () => void stop(`stopped; the pods keep running (${program} finds them again, gantry down stops them)`),
    )
  }

  engine = await startEngine({
    data,
    repo: options.repo,
    branch: options.branch,
    paths: options.path === undefined ? undefined : [options.path],
    port: options.port,
    tlsPort: options.tlsPort,
    listen: options.listen,
    intervalSeconds: options.interval,
    credentials: await readCredentials(options.registryConfig),
    agent: options.agent,
    agentsListen: options.agentsListen,
    tlsSans: options.tlsSan,
    network: options.network,
    identities,
    certificateLifetime: options.certificateLifetime === undefined ? undefined : options.certificateLifetime * 1000,
    log,
    signal: given.signal,
    say,
    onCluster(before, after) {
      for (const line of news(before, after)) say(line)
    },
    onFatal(error) {
      log.fatal(error)
      given.abort(new CliError(error.message))
    },
    onDown: () => void stop('stopped'),
  })

  try {
    await writeFileDurably(data.file('server'), `${engine.url}\n`, { mode: 0o600 })
    // Not before it is sure to stay: the commands go on asking the one that was there.
    await Promise.race([engine.able, givenUp])
    saveConnection({
      server: engine.url,
      tokenFile: data.file('token'),
      cluster: data.identity.clusterName,
      data: data.path,
    })
    await Promise.race([engine.ready, givenUp])
    welcome(engine, data, options)
    await givenUp
  } catch (error) {
    await engine.stop()
    throw error
  }
}

function welcome(engine: Engine, data: DataFolder, { repo, branch, agent }: EngineFlags): void {
  const { clusterName } = data.identity
  const port = new URL(engine.url).port
  const places = {
    cluster: clusterName,
    data: data.path,
    cloneUrl: repo === undefined ? `http://gantry:${data.token}@127.0.0.1:${port}/git/${clusterName}.git` : undefined,
    source: repo === undefined ? `branch ${branch} of its own repository` : engine.source,
    kubeconfig: data.file('kubeconfig'),
    agents: engine.agents && formatEngineAddress(engine.agents),
    // In a checkout the command is not on the PATH.
    command: process.env['npm_lifecycle_event'] === undefined ? 'gantry' : 'npx gantry',
  }
  for (const line of welcomeLines(places, openAddresses(engine.cluster, agent?.nodeAddress)))
    process.stdout.write(`${line}\n`)
}

/** Lines that a full disk has no room for are kept and written when there is: no reason for Gantry to end. */
function openLog(file: string): Logger {
  const destination = pino.destination({ dest: file, append: true, mode: 0o600, sync: true })
  destination.on('error', () => {})
  return pino({ name: 'gantry', level: process.env['GANTRY_LOG_LEVEL'] ?? 'info' }, destination)
}
