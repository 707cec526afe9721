/**
 * 500 nodes on one engine, over mTLS, with 15,000 pods and the record on. Their agents share the machine with it, so that its
 * times say little; its CPU and memory do. Variables that tell of Services are left out: for 15,000 containers on one machine
 * they are most of the agents' work.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { AssignmentDelta } from '../../engine/protocol/session.ts'
import { freePort, Gantry } from '../e2e/gantry.ts'
import { appFiles, namespaceFiles } from './app-files.ts'
import { figureRow, median, timed, timesRow } from './bench.ts'
import type { Bench, Closer, Row } from './bench.ts'
import { isHealthy, isRecorded, quietUser, ClonedCluster, tokenFor } from './cluster.ts'
import { MemoryAgents } from './memory-agents.ts'
import type { MemoryAgentsOptions } from './memory-agents.ts'
import { cpuOf, cpuSecondsOf, memoryOf } from './usage.ts'

const nodes = 500
const processes = 4
const apps = 500
const replicas = 30
/** Each the crash of a container. */
const changes = 40

type Order =
  | { readonly start: MemoryAgentsOptions }
  | { readonly watch: true }
  | { readonly crash: number }
  | { readonly vanish: number }
type News =
  | { readonly joined: number }
  | { readonly crashed: { readonly app: string; readonly at: number } | undefined }
  | { readonly told: { readonly app: string; readonly at: number } }

export const bench: Bench = {
  async run(own) {
    const engine = { host: '127.0.0.1', port: await freePort() }
    const door = ['--agents-listen', `${engine.host}:${engine.port}`]
    const { uid } = quietUser
    const gantry = await Gantry.up({ command: 'engine', args: door, ...(uid === undefined ? {} : { uid }) })
    own(async () => void (await gantry.stop()))
    const token = await tokenFor(gantry, nodes)
    const clients = Array.from({ length: processes }, () => new Client(own))
    const count = nodes / processes
    const joined = await timed(() =>
      Promise.all(
        clients.map((client, n) =>
          client.start({ count, first: n * count, engine, token, network: 'bridged', folder: gantry.folder }),
        ),
      ),
    )
    const cluster = new ClonedCluster(gantry, await gantry.clone())
    await cluster.begin(namespaceFiles(apps))
    const files = Array.from({ length: apps }, (_, app) => [
      ...appFiles(app, { replicas, version: 1, serviceLinks: false }),
    ]).flat()
    const commit = await cluster.commit(`${apps * replicas} pods`, files)
    const ready = await timed(async () => {
      await cluster.push()
      await cluster.until('healthy', status => isHealthy(status, commit), 600)
      await cluster.until('recorded', status => isRecorded(status, commit), 60)
    })
    const rows = [
      timesRow(`${nodes} nodes join`, { times: [joined], notes: ['each by token, certificate and session'] }),
      timesRow(`push → all Ready and recorded, ${apps * replicas} pods on ${nodes} agents`, {
        times: [ready],
        notes: ['the agents run on the same cores'],
      }),
      figureRow('… memory of the engine', { value: memoryOf(gantry.pid, 'now'), unit: 'MB' }),
      await heartbeats(gantry),
      ...(await endpoints(gantry, clients)),
      ...(await loss(cluster, clients)),
    ]
    for (const client of clients) await client.end()
    return rows
  },
}

/** Nothing happens but that they are there; in one of the windows the garbage of the push may be collected. */
async function heartbeats(gantry: Gantry): Promise<Row> {
  const windows: number[] = []
  for (let window = 0; window < 7; window++) windows.push(await cpuOf(gantry.pid, 10))
  return figureRow(`heartbeats of ${nodes} agents`, {
    value: median(windows),
    unit: '% of a core',
    most: 2,
    notes: [`median of ${windows.length} times 10 s; the most ${Math.max(...windows).toFixed(1)} %`],
  })
}

/** From the crash of a container until an agent hears of the Service's endpoints without it. */
async function endpoints(gantry: Gantry, clients: readonly Client[]): Promise<readonly Row[]> {
  for (const client of clients) client.watch()
  const times: number[] = []
  const cpu = cpuSecondsOf(gantry.pid)
  for (let change = 0; change < changes; change++) {
    const client = clients[change % clients.length]
    const crashed = await client?.crash(change)
    if (crashed === undefined) throw new Error('no container was left to crash')
    const told = await Promise.all(clients.map(each => each.whenTold(crashed, nodes / processes)))
    times.push(...told.flat().map(at => at - crashed.at))
    // The container starts again, which is told as well: each change is measured from rest.
    await new Promise(resolve => setTimeout(resolve, 500))
  }
  const spent = ((cpuSecondsOf(gantry.pid) - cpu) / changes) * 1000
  return [
    timesRow(`an endpoint changes → ${nodes} agents know`, { times, most: 250, at: 'p99' }),
    figureRow('… CPU of the engine a change', { value: spent, unit: 'ms', notes: ['the restart of the pod with it'] }),
  ]
}

/** A node falls silent: when it is seen, and when its pods run elsewhere. */
async function loss(cluster: ClonedCluster, [client]: readonly Client[]): Promise<readonly Row[]> {
  const { gantry } = cluster
  const name = client?.vanish(0)
  const begun = performance.now()
  interface Node {
    readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] }
  }
  await gantry.until(
    'lost',
    async () => {
      const { status } = await gantry.api<Node>(`/api/v1/nodes/${name}`)
      return status.conditions.some(({ type, status: is }) => type === 'Ready' && is !== 'True')
    },
    60,
  )
  const seen = performance.now() - begun
  const list = `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${name}`)}`
  interface Pods {
    readonly items: readonly { readonly metadata: { readonly deletionTimestamp?: string } }[]
  }
  await gantry.until(
    'given up',
    async () => (await gantry.api<Pods>(list)).items.every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    120,
  )
  await cluster.until('whole again', ({ cluster: is }) => is?.status.health === 'Healthy', 60)
  const replaced = performance.now() - begun - seen
  return [
    timesRow('a node falls silent → NotReady', { times: [seen], most: 10_000 }),
    timesRow('… → its pods run elsewhere', { times: [replaced], notes: ['of it 30 s of toleration'] }),
  ]
}

/** A process with some of the agents, seen from the bench. */
class Client {
  readonly #process: ChildProcess
  readonly #heard: { app: string; at: number }[] = []
  #first = 0
  /** Takes the answer to the last order. */
  #take: (news: News) => void = () => {}

  constructor(own: (close: Closer) => void) {
    this.#process = fork(fileURLToPath(import.meta.url), { env: { ...process.env, GANTRY_BENCH_CLIENT: '1' } })
    own(() => this.end())
    this.#process.on('message', (news: News) => {
      if ('told' in news) this.#heard.push(news.told)
      else this.#take(news)
    })
  }

  async start(options: MemoryAgentsOptions): Promise<void> {
    this.#first = options.first ?? 0
    await this.#ask({ start: options })
  }

  /** From now on it says when its agents are told of endpoints. */
  watch(): void {
    this.#order({ watch: true })
  }

  async crash(agent: number): Promise<{ app: string; at: number } | undefined> {
    const news = await this.#ask({ crash: agent })
    return 'crashed' in news ? news.crashed : undefined
  }

  /** When so many of its agents were first told of the app's endpoints, since then. */
  async whenTold({ app, at: since }: { app: string; at: number }, agents: number): Promise<number[]> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
      const times = this.#heard.filter(heard => heard.app === app && heard.at >= since).map(({ at }) => at)
      if (times.length >= agents) return times.slice(0, agents)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    throw new Error(`not every agent was told of the endpoints of ${app}`)
  }

  vanish(agent: number): string {
    this.#order({ vanish: agent })
    return `memory-${this.#first + agent}`
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.disconnect()
    await ended
  }

  #order(order: Order): void {
    this.#process.send(order)
  }

  #ask(order: Order): Promise<News> {
    const answer = new Promise<News>(resolve => (this.#take = resolve))
    this.#order(order)
    return answer
  }
}

/** Milliseconds on a clock that all processes share. */
function now(): number {
  return performance.timeOrigin + performance.now()
}

/** What a client process does. */
function serveAgents(): void {
  const tell = (news: News): void => void process.send?.(news)
  let agents: MemoryAgents | undefined
  let watching = false

  function hear({ put }: AssignmentDelta): void {
    const at = now()
    if (!watching) return
    for (const { kind, metadata } of put) {
      const app = metadata.labels?.['kubernetes.io/service-name']
      if (kind === 'EndpointSlice' && app !== undefined) tell({ told: { app, at } })
    }
  }

  async function carryOut(order: Order): Promise<void> {
    if ('start' in order) {
      agents = await MemoryAgents.join(order.start)
      agents.onTold = hear
      while (agents.joined < order.start.count) await new Promise(resolve => setTimeout(resolve, 10))
      tell({ joined: agents.joined })
    } else if ('watch' in order) {
      watching = true
    } else if ('crash' in order) {
      const at = now()
      const app = agents?.agent(order.crash).crash()
      tell({ crashed: app === undefined ? undefined : { app, at } })
    } else {
      agents?.agent(order.vanish).vanish()
    }
  }

  process.on('message', (order: Order) => void carryOut(order))
  process.on('disconnect', () => void agents?.close().finally(() => process.exit()))
}

if (process.env['GANTRY_BENCH_CLIENT'] !== undefined) serveAgents()
