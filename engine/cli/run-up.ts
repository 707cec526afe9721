/** Runs the engine in the foreground and tells a person what happens. */
import { createWriteStream } from 'node:fs'
import { pino } from 'pino'
import { writeFileDurably } from '../../machine/files.ts'
import { news, openAddresses, welcomeLines } from '../console.ts'
import { openData } from '../data.ts'
import { startEngine } from '../engine.ts'
import { saveConnection } from './connection.ts'

export interface UpOptions {
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
  readonly runtime: 'auto' | 'docker' | 'process'
  readonly nodeAddress: string
}

export async function runUp(options: UpOptions): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`gantry: ${line}\n`)
  const data = await openData(options.data, { clusterName: options.name })
  const logFile = createWriteStream(data.file('gantry.log'), { flags: 'a', mode: 0o600 })
  const log = pino({ name: 'gantry', level: process.env['GANTRY_LOG_LEVEL'] ?? 'info' }, logFile)
  let stopping = false

  const engine = await startEngine({
    data,
    repo: options.repo,
    branch: options.branch,
    paths: options.path === undefined ? undefined : [options.path],
    port: options.port,
    tlsPort: options.tlsPort,
    listen: options.listen,
    intervalSeconds: options.interval,
    runtime: options.runtime,
    nodeAddress: options.nodeAddress,
    log,
    say,
    onCluster(before, after) {
      for (const line of news(before, after)) say(line)
    },
    onFatal(error) {
      log.fatal(error)
      process.stderr.write(`error: ${error.message}\n`)
      process.exit(1)
    },
    onDown: () => void stop('stopped'),
  })

  async function stop(last: string): Promise<void> {
    if (stopping) return
    stopping = true
    say('stopping …')
    await engine.stop()
    say(last)
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void stop('stopped; the pods keep running (gantry up finds them again, gantry down stops them)'))
  }

  await writeFileDurably(data.file('server.json'), JSON.stringify({ server: engine.url }), { mode: 0o600 })
  saveConnection({
    server: engine.url,
    tokenFile: data.file('token'),
    cluster: data.identity.clusterName,
    data: data.path,
  })
  await engine.ready
  const { clusterName } = data.identity
  const port = new URL(engine.url).port
  const welcome = {
    cluster: clusterName,
    data: data.path,
    cloneUrl:
      options.repo === undefined ? `http://gantry:${data.token}@127.0.0.1:${port}/git/${clusterName}.git` : undefined,
    source: options.repo === undefined ? `branch ${options.branch} of its own repository` : options.repo,
    kubeconfig: data.file('kubeconfig'),
    command: 'gantry',
  }
  for (const line of welcomeLines(welcome, openAddresses(engine.cluster, options.nodeAddress))) {
    process.stdout.write(`${line}\n`)
  }
}
