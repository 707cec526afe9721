/** Runs the engine in the foreground and tells a person what happens. */
import { createWriteStream } from 'node:fs'
import { pino } from 'pino'
import { news, openAddresses, welcomeLines } from '../console.ts'
import { openData } from '../data.ts'
import { startEngine } from '../engine.ts'
import { saveConnection } from './connection.ts'
import type { UpFlags } from './up.ts'

export interface UpOptions extends Omit<UpFlags, 'port' | 'tlsPort' | 'interval' | 'data'> {
  readonly data: string
  readonly port: number
  readonly tlsPort: number
  readonly interval: number
}

export async function runUp(options: UpOptions): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`gantry: ${line}\n`)
  const data = await openData(options.data, { clusterName: options.name })
  const logFile = createWriteStream(data.file('gantry.log'), { flags: 'a', mode: 0o600 })
  const log = pino({ name: 'gantry', level: process.env['GANTRY_LOG_LEVEL'] ?? 'info' }, logFile)
  let stopping = false
  let isReady = false

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
    onDown: () => void stop(),
  })

  async function stop(): Promise<void> {
    if (stopping) return
    stopping = true
    say('stopping …')
    await engine.stop()
    say('stopped; the pods keep running (gantry up finds them again, gantry down stops them)')
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop())

  saveConnection({
    server: engine.url,
    tokenFile: data.file('token'),
    cluster: data.identity.clusterName,
    data: data.path,
  })
  await engine.ready
  isReady = true
  void isReady
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
