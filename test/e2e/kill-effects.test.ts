/**
 * The real engine and the real agent under SIGKILL at their n-th effect, as `kill-effects.mjs` numbers them.
 *
 * Numbered, before each begins and, where it takes time, after it ended: what is written, synced, renamed, made and
 * removed in files (so every object, reference and lock that Gantry itself writes for git); spawns and what is written
 * to a child's stdin; what is written to a Unix socket (a Docker Engine, the proxy) and to the session of engine and
 * agent. Not numbered: reads; what the children do by themselves (git, a container's shim); the render workers, which
 * write nothing; answers to clients of the API; the proxy, which outlives both.
 *
 * Five steps go round on one cluster, each killed at a number of its own, so the cluster lives through kill upon kill: of
 * the engine, of the agent, of both. Numbers are drawn from what a run without a kill counted, from a seed: every run
 * tries others.
 * KILL_ALL=1 takes every number of every step, from KILL_FROM on, until its run completes (some hours); KILL_ROUNDS and
 * KILL_SEED set how many and which.
 */
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry, must } from './gantry.ts'
import type { Clone } from './gantry.ts'
import { ask, poll } from './poll.ts'
import type { Poll } from './poll.ts'

type Role = 'engine' | 'agent'
const programs = { engine: 'gantry.js', agent: 'agent.js' } as const
const roles: readonly Role[] = ['engine', 'agent']

/** For each role a number of effects, or the number of the one at which it is killed; 0 is never. */
type Numbers = Readonly<Record<Role, number>>

interface Step {
  readonly name: string
  /** Commits; absent where everything is killed and started again instead. */
  readonly change?: (clone: Clone) => Promise<unknown>
  /** Deployments whose pods it leaves alone. */
  readonly keeps: readonly string[]
  readonly wanted: Wanted
}

/** What runs when a step is over. */
interface Wanted {
  readonly answer: string
  readonly pods: Readonly<Record<string, number>>
}

interface Pod {
  readonly metadata: { name: string; uid: string; labels: { app: string }; deletionTimestamp?: string }
  readonly status: {
    conditions?: { type: string; status: string }[]
    containerStatuses?: { name: string; restartCount: number }[]
  }
}

const first = { answer: 'Hello from Gantry, version 1\n', pods: { hello: 2, side: 1 } }
const second = { answer: 'Good morning, version 2\n', pods: { hello: 2, side: 1 } }
const scaled = { ...second, pods: { hello: 3, side: 1 } }
const alone = { ...second, pods: { hello: 3, side: 0 } }

const steps: readonly Step[] = [
  {
    name: 'a rollout',
    async change(clone) {
      edit(clone, 'greeting: Hello from Gantry', 'greeting: Good morning')
      edit(clone, 'value: "1"', 'value: "2"')
      await clone.git('commit', '--quiet', '--all', '--message', 'Say good morning')
    },
    keeps: ['side'],
    wanted: second,
  },
  {
    name: 'a scale-out',
    async change(clone) {
      edit(clone, 'replicas: 2', 'replicas: 3')
      await clone.git('commit', '--quiet', '--all', '--message', 'Three')
    },
    keeps: ['hello', 'side'],
    wanted: scaled,
  },
  { name: 'a start', keeps: ['hello', 'side'], wanted: scaled },
  {
    name: 'a deletion',
    async change(clone) {
      rmSync(join(clone.path, 'side.yaml'))
      await clone.git('commit', '--quiet', '--all', '--message', 'No more aside', '--message', 'Gantry-Allow: delete')
    },
    keeps: ['hello'],
    wanted: alone,
  },
  {
    name: 'a revert',
    change: clone => clone.git('revert', '--no-edit', 'HEAD~3..HEAD'),
    keeps: [],
    wanted: first,
  },
]

const side = `apiVersion: v1
kind: ConfigMap
metadata: { name: side }
data: { word: aside }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: side }
spec:
  selector: { matchLabels: { app: side } }
  template:
    metadata: { labels: { app: side } }
    spec:
      runtimeClassName: process
      containers:
        - name: side
          command: [sleep, infinity]
          env: [{ name: WORD, valueFrom: { configMapKeyRef: { name: side, key: word } } }]
`

const every = process.env['KILL_ALL'] === '1'
const firstNumber = Number(process.env['KILL_FROM'] ?? 1)
const rounds = Number(process.env['KILL_ROUNDS'] ?? 1)
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1000)
let state = seed * 7_919 + 1
const preload = new URL('kill-effects.mjs', import.meta.url).href

const quiet: Numbers = { engine: 0, agent: 0 }

describeWith(['git'], `killed at the n-th effect, as an ordinary user (KILL_SEED=${seed})`, () => {
  suite(process.getuid?.() === 0 ? { uid: 1000 } : {})
})
describeWith(['root', 'ip', 'git'], `killed at the n-th effect, as root (KILL_SEED=${seed})`, () => suite({}))

function suite(user: { readonly uid?: number }): void {
  let life: Life
  const totals = new Map<Step, Numbers>()
  beforeAll(async () => {
    life = await Life.up(user)
    await life.begin()
    for (const step of steps) totals.set(step, (await life.run(step, quiet)).counts)
  })
  afterAll(() => life?.end())

  test.each<{ victims: readonly Role[] }>([{ victims: ['engine'] }, { victims: ['agent'] }, { victims: roles }])(
    '$victims',
    async ({ victims }) => {
      const completed = new Set<Step>()
      const killed: string[] = []
      for (let round = 0; every ? completed.size < steps.length : round < rounds; round++) {
        for (const step of steps) {
          const total = totals.get(step) ?? quiet
          const at = (role: Role): number => {
            if (completed.has(step) || !victims.includes(role)) return 0
            return every ? firstNumber + round : spread(total[role], round)
          }
          const { deaths } = await life.run(step, { engine: at('engine'), agent: at('agent') })
          killed.push(...deaths)
          if (every && deaths.length === 0) completed.add(step)
        }
      }
      const effects = steps.map(step => `${step.name} ${victims.map(role => totals.get(step)?.[role]).join('+')}`)
      console.log(`killed ${killed.length} times; effects: ${effects.join(', ')}; answers: ${life.clients?.count}`)
      expect(killed.length).toBeGreaterThan(0)
    },
    every ? 3 * 3_600_000 : 60_000 + rounds * 60_000,
  )
}

/** A place, that chance chooses, within the round's share of the numbers up to `total`. */
function spread(total: number, round: number): number {
  return 1 + Math.floor(((round + random()) / rounds) * total)
}

/** Lehmer's generator: a seed's numbers are the same anywhere. */
function random(): number {
  state = (state * 48_271) % 2_147_483_647
  return state / 2_147_483_647
}

/** One cluster, from its first start to its end. */
class Life {
  readonly gantry: Gantry
  readonly effects: string
  readonly nodePort: number
  readonly clone: Clone
  clients: Poll | undefined
  #resourceVersion = 0

  private constructor(gantry: Gantry, found: { effects: string; clone: Clone; nodePort: number }) {
    this.gantry = gantry
    this.effects = found.effects
    this.clone = found.clone
    this.nodePort = found.nodePort
  }

  static async up(user: { readonly uid?: number }): Promise<Life> {
    const effects = mkdtempSync(join(tmpdir(), 'gantry-effects-'))
    if (user.uid !== undefined) chownSync(effects, user.uid, user.uid)
    const env = { NODE_OPTIONS: `--import=${preload}`, GANTRY_EFFECTS: effects }
    const gantry = await Gantry.up({ ...user, env, args: ['--runtime', 'process'] })
    const clone = await gantry.clone()
    return new Life(gantry, { effects, clone, nodePort: await freeNodePort() })
  }

  /** Pushes what the steps begin with, and lets clients ask for it from then on. */
  async begin(): Promise<void> {
    edit(this.clone, 'nodePort: 30080', `nodePort: ${this.nodePort}`)
    writeFileSync(join(this.clone.path, 'side.yaml'), side)
    await this.clone.git('add', '.')
    await this.clone.push('A port of its own, and something aside')
    await this.gantry.until('begun', async () => {
      const wrong = await this.whatIsWrong(first)
      if (wrong !== undefined) throw new Error(wrong)
      return true
    })
    this.clients = poll(this.url, { clients: 2, pauseMs: 20 })
  }

  get url(): string {
    return `http://127.0.0.1:${this.nodePort}/`
  }

  async end(): Promise<void> {
    await this.clients?.stop()
    await this.gantry.down()
    rmSync(this.effects, { recursive: true, force: true })
  }

  /** Runs a step, each role killed at its n-th effect, until what the step wants runs; says what came of it. */
  async run(step: Step, kill: Numbers): Promise<{ counts: Numbers; deaths: readonly string[] }> {
    const before = this.containers()
    for (const role of roles) rmSync(this.#file(role, 'died'), { force: true })
    try {
      if (step.change === undefined) {
        await this.#killAll()
        for (const role of roles) writeFileSync(this.#file(role, 'arm'), String(kill[role]))
        await this.#start()
      } else {
        for (const role of roles) await this.#arm(role, kill[role])
        await step.change(this.clone)
      }
      await this.#settle(step)
      const counts = { engine: await this.#arm('engine', 0), agent: await this.#arm('agent', 0) }
      await this.#settle(step)
      this.#expectKept(before, step)
      await this.#repositoryGit('fsck', '--no-dangling')
      expect(this.clients?.failures).toEqual([])
      return { counts, deaths: this.#deaths() }
    } catch (error) {
      const deaths = this.#deaths().join(' and ')
      throw new Error(`${step.name}, armed ${JSON.stringify(kill)}, ${deaths}: ${String(error)}`, { cause: error })
    }
  }

  #file(role: Role, ending: 'arm' | 'count' | 'died' | 'pid'): string {
    return join(this.effects, `${role}.${ending}`)
  }

  #deaths(): readonly string[] {
    const dead = roles.filter(role => existsSync(this.#file(role, 'died')))
    return dead.map(role => `${role} killed at ${readFileSync(this.#file(role, 'died'), 'utf8')}`)
  }

  /** Brings Gantry back where it was killed, and the push to its end, until the step's wish is what runs. */
  async #settle(step: Step): Promise<void> {
    const deadline = Date.now() + 40_000
    let wrong: string | undefined
    do {
      if (!this.gantry.processes('gantry.js').includes(this.gantry.pid)) await this.#start()
      wrong = await this.#tried(step)
      if (wrong === undefined) return
      await sleep(30)
    } while (Date.now() < deadline)
    throw new Error(`${wrong}\n${this.gantry.output}\n${tail(join(this.gantry.data, 'gantry.log'))}`)
  }

  async #tried(step: Step): Promise<string | undefined> {
    try {
      const head = (await this.clone.git('rev-parse', 'HEAD')).trim()
      const known = (await this.clone.git('rev-parse', 'origin/main')).trim()
      if (known !== head) await this.clone.git('push', '--quiet')
      return await this.whatIsWrong(step.wanted)
    } catch (error) {
      if (error instanceof Broken) throw error
      return String(error)
    }
  }

  /** Starts Gantry, again where that start is killed: its engine, or the agent without which a first start gives up. */
  async #start(): Promise<void> {
    for (const attempt of [1, 2, 3]) {
      try {
        return await this.gantry.start()
      } catch (error) {
        if (attempt === 3 || !String(error).includes('SIGKILL')) throw error
      }
    }
  }

  async #killAll(): Promise<void> {
    for (const program of ['gantry.js', 'agent.js'] as const) {
      for (const pid of this.gantry.processes(program)) process.kill(pid, 'SIGKILL')
    }
    await this.gantry.stop('SIGKILL')
  }

  /** Has the running process begin to count, and returns what it had counted. */
  async #arm(role: Role, at: number): Promise<number> {
    const order = this.#file(role, 'arm')
    const pid = (): number => Number(readFileSync(this.#file(role, 'pid'), 'utf8'))
    const isAlive = (): boolean => this.gantry.processes(programs[role]).includes(pid())
    await this.gantry.until(`running: ${role}`, async () => {
      // What was armed may strike when the step's wish runs already.
      if (!this.gantry.processes('gantry.js').includes(this.gantry.pid)) await this.#start()
      return isAlive()
    })
    writeFileSync(order, String(at))
    process.kill(pid(), 'SIGUSR2')
    // It may be killed before it hears of it.
    await this.gantry.until(`armed: ${role}`, async () => !existsSync(order) || !isAlive())
    rmSync(order, { force: true })
    const count = this.#file(role, 'count')
    return existsSync(count) ? Number(readFileSync(count, 'utf8')) : 0
  }

  async #repositoryGit(...args: readonly string[]): Promise<string> {
    return must(await this.gantry.run('git', ['-C', join(this.gantry.data, 'git/hello.git'), ...args])).stdout
  }

  /** What of the wish is not so yet; undefined where everything is. */
  async whatIsWrong({ answer, pods }: Wanted): Promise<string | undefined> {
    const head = (await this.clone.git('rev-parse', 'HEAD')).trim()
    const references = ['refs/heads/main', 'refs/gantry/applied/hello']
    const commits = await this.#repositoryGit('for-each-ref', '--format=%(objectname)', ...references)
    if (!same(commits.trim().split('\n'), [head, head])) return `applied and main: ${commits}, not ${head}`

    const list = await this.gantry.api<{ metadata: { resourceVersion: string }; items: Pod[] }>('/api/v1/pods')
    const resourceVersion = Number(list.metadata.resourceVersion)
    if (resourceVersion < this.#resourceVersion) {
      throw new Broken(`resourceVersion went back from ${this.#resourceVersion} to ${resourceVersion}`)
    }
    this.#resourceVersion = resourceVersion
    const names = list.items.map(pod => pod.metadata.name)
    if (new Set(names).size < names.length) throw new Broken(`a pod's name exists twice: ${names.join(', ')}`)
    const restarted = list.items.filter(pod => pod.status.containerStatuses?.some(one => one.restartCount > 0))
    if (restarted.length > 0) throw new Broken(`restarted: ${restarted.map(pod => pod.metadata.name).join(', ')}`)

    const unready = list.items.filter(pod => pod.metadata.deletionTimestamp !== undefined || !isReady(pod))
    if (unready.length > 0) return `not ready: ${unready.map(pod => pod.metadata.name).join(', ')}`
    const counts = Object.fromEntries(
      Object.keys(pods).map(app => [app, list.items.filter(pod => pod.metadata.labels.app === app).length]),
    )
    if (!same(counts, pods)) return `pods: ${JSON.stringify(counts)}`
    const wanted = list.items.map(pod => `${pod.metadata.uid}/${pod.metadata.labels.app}`).toSorted()
    const running = this.containers().map(container => `${container.pod}/${container.name}`)
    if (!same(running.toSorted(), wanted)) return `processes of ${running.join(', ')}; pods ${wanted.join(', ')}`

    const said = await ask(this.url)
    return said === answer ? undefined : `the answer is ${said}`
  }

  /** The containers' processes, as the machine's process table has them. */
  containers(): { pid: number; pod: string; name: string }[] {
    const identity = JSON.parse(readFileSync(join(this.gantry.data, 'identity.json'), 'utf8')) as { clusterUid: string }
    return readdirSync('/proc').flatMap(pid => {
      const marks = /^\d+$/.test(pid) ? environmentOf(pid) : {}
      if (marks['GANTRY_CLUSTER'] !== identity.clusterUid || marks['GANTRY_SHIM'] !== undefined) return []
      return [{ pid: Number(pid), pod: marks['GANTRY_POD_UID'] ?? '', name: marks['GANTRY_CONTAINER'] ?? '' }]
    })
  }

  #expectKept(before: readonly { pid: number; name: string }[], step: Step): void {
    const pids = new Set(this.containers().map(container => container.pid))
    const lost = before.filter(container => step.keeps.includes(container.name) && !pids.has(container.pid))
    expect(lost, 'containers that the step should not have touched').toEqual([])
  }
}

/** What no waiting mends. */
class Broken extends Error {}

function environmentOf(pid: string): Record<string, string> {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return Object.fromEntries(entries.map(entry => entry.split(/=(.*)/s, 2)))
  } catch {
    // It ended meanwhile, or is another user's.
    return {}
  }
}

function isReady({ status }: Pod): boolean {
  return status.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') ?? false
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function edit({ path }: Clone, from: string, to: string): void {
  const file = join(path, 'hello.yaml')
  const text = readFileSync(file, 'utf8')
  if (!text.includes(from)) throw new Error(`hello.yaml holds no ${from}`)
  writeFileSync(file, text.replace(from, to))
}

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-4000) : ''
}

/** A free port of the range that NodePorts come from. */
async function freeNodePort(): Promise<number> {
  for (;;) {
    const port = 30_000 + Math.floor(Math.random() * 2_768)
    const server = createServer()
    const free = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise(resolve => server.close(resolve))
    if (free) return port
  }
}
