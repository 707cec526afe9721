/** A real `gantry up` for end-to-end tests: processes, ports and folders of its own, and nothing left behind. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
export const cli = join(root, 'dist/gantry.js')

export interface GantryOptions {
  /** Runs everything as this user instead of the one that runs the tests. */
  readonly uid?: number
  /** `up` where absent. */
  readonly command?: 'up' | 'engine'
  readonly args?: readonly string[]
  /** The data folder; one of its own where absent. */
  readonly data?: string
  /** A program and its arguments through which Gantry is started: `setpriv …`. */
  readonly through?: readonly string[]
  /** Added to that of the tests; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export class Gantry {
  readonly folder: string
  readonly data: string
  readonly port: number
  readonly tlsPort: number
  readonly #options: GantryOptions
  #process: ChildProcess | undefined
  output = ''

  private constructor(ports: { port: number; tlsPort: number }, options: GantryOptions) {
    this.folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-'))
    if (options.uid !== undefined) chownSync(this.folder, options.uid, options.uid)
    this.data = options.data ?? join(this.folder, 'data')
    this.port = ports.port
    this.tlsPort = ports.tlsPort
    this.#options = options
  }

  /** Starts Gantry and waits until it is ready. */
  static async up(options: GantryOptions = {}): Promise<Gantry> {
    const gantry = new Gantry({ port: await freePort(), tlsPort: await freePort() }, options)
    try {
      await gantry.start()
    } catch (error) {
      // Nobody else could: a proxy outlives whoever started it.
      await gantry.down()
      throw error
    }
    return gantry
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }
  get token(): string {
    return readFileSync(join(this.data, 'token'), 'utf8').trim()
  }
  get pid(): number {
    return this.#process?.pid ?? 0
  }
  get kubeconfig(): string {
    return join(this.data, 'kubeconfig')
  }

  async start(): Promise<void> {
    this.output = ''
    const ports = ['--port', String(this.port), '--tls-port', String(this.tlsPort)]
    const words = [
      process.execPath,
      cli,
      this.#options.command ?? 'up',
      '--data',
      this.data,
      ...ports,
      ...(this.#options.args ?? []),
    ]
    const [program = '', ...args] = [...(this.#options.through ?? []), ...words]
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.env,
      cwd: this.folder,
      ...this.#user,
    })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
    await this.until('ready', async () => {
      const end = child.exitCode ?? child.signalCode
      if (end !== null) throw new Ended(`gantry ${this.#options.command ?? 'up'} ended with ${end}:\n${this.output}`)
      return (await fetch(`${this.url}/readyz`)).ok
    })
  }

  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HOME: this.folder,
      XDG_STATE_HOME: join(this.folder, 'state'),
      NO_COLOR: '1',
      ...this.#options.env,
    }
  }
  get #user(): { uid?: number; gid?: number } {
    const { uid } = this.#options
    return uid === undefined ? {} : { uid, gid: uid }
  }

  /** Runs `gantry …` against this one. */
  cli(...args: readonly string[]): Promise<Output> {
    return this.run(process.execPath, [cli, ...args])
  }

  /** Runs a program in the test's folder, or another. */
  async run(program: string, args: readonly string[], options: { cwd?: string } = {}): Promise<Output> {
    try {
      const { stdout, stderr } = await run(program, [...args], {
        cwd: options.cwd ?? this.folder,
        env: { ...this.env, GANTRY_SERVER: this.url, GANTRY_TOKEN: this.token },
        maxBuffer: 64 * 1024 * 1024,
        ...this.#user,
      })
      return { code: 0, stdout, stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, stdout, stderr }
    }
  }

  /** A clone of the built-in repository, ready to commit in. */
  async clone(cluster = 'hello'): Promise<Clone> {
    const folder = mkdtempSync(join(this.folder, 'clone-'))
    if (this.#options.uid !== undefined) chownSync(folder, this.#options.uid, this.#options.uid)
    const url = `http://gantry:${this.token}@127.0.0.1:${this.port}/git/${cluster}.git`
    const clone = new Clone(this, join(folder, 'work'))
    must(await this.run('git', ['clone', '--quiet', url, clone.path]))
    await clone.git('config', 'user.name', 'Ada')
    await clone.git('config', 'user.email', 'ada@example.com')
    return clone
  }

  async until(what: string, check: () => Promise<boolean>, seconds = 30): Promise<void> {
    const deadline = Date.now() + seconds * 1000
    let last: unknown
    while (Date.now() < deadline) {
      try {
        if (await check()) return
      } catch (error) {
        if (error instanceof Ended) throw error
        last = error
      }
      await sleep(20)
    }
    const log = existsSync(join(this.data, 'gantry.log')) ? readFileSync(join(this.data, 'gantry.log'), 'utf8') : ''
    throw new Error(`not ${what} within ${seconds} s: ${String(last)}\n${this.output}\n${log.slice(-4000)}`)
  }

  async api<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${this.token}` } })
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  /** Ends `gantry up` as Ctrl-C does, and waits for it. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
    child.kill(signal)
    return ended
  }

  /** Processes of a data folder, by their command line: engine and agent, or the proxy. */
  processes(program: 'gantry.js' | 'agent.js' | 'proxy.js', data = this.data): number[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(pid => {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
          const ours = words.some(word => word.startsWith(data)) && words.some(word => word.endsWith(`/${program}`))
          return ours ? [Number(pid)] : []
        } catch {
          return []
        }
      })
  }

  /** Stops pods, processes, and removes every trace. */
  async down(): Promise<void> {
    if (existsSync(this.data)) {
      await this.cli('down', '--data', this.data, '--purge')
      await this.stop('SIGKILL')
      for (const program of ['gantry.js', 'agent.js', 'proxy.js'] as const) {
        for (const pid of this.processes(program)) process.kill(pid, 'SIGKILL')
      }
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

class Ended extends Error {}

export class Clone {
  readonly path: string
  readonly #gantry: Gantry
  constructor(gantry: Gantry, path: string) {
    this.#gantry = gantry
    this.path = path
  }

  async git(...args: readonly string[]): Promise<string> {
    return must(await this.tryGit(...args)).stdout
  }
  tryGit(...args: readonly string[]): Promise<Output> {
    return this.#gantry.run('git', args, { cwd: this.path })
  }

  /** Replaces text in a file, commits, pushes; returns what git printed to the pusher. */
  async push(message: string): Promise<string> {
    await this.git('commit', '--quiet', '--all', '--message', message)
    return must(await this.tryGit('push')).stderr
  }
}

export function must(output: Output): Output {
  if (output.code === 0) return output
  throw new Error(`exit code ${output.code}\n${output.stdout}\n${output.stderr}`)
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return address.port
}
