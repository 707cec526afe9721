/** A real `gantry agent` for end-to-end tests: a node of its own on this machine, and nothing left behind. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { cli, must } from './gantry.ts'
import type { Gantry } from './gantry.ts'

export interface AgentOptions {
  readonly name: string
  readonly args?: readonly string[]
  /** Where the engine listens for agents. */
  readonly port: number
  /** The user that it runs as; the one that runs the tests where absent. */
  readonly uid?: number
  readonly env?: Readonly<Record<string, string>>
}

export class Agent {
  readonly name: string
  readonly data: string
  readonly #gantry: Gantry
  readonly #options: AgentOptions
  #process: ChildProcess | undefined
  output = ''

  constructor(gantry: Gantry, options: AgentOptions) {
    this.name = options.name
    this.data = join(gantry.folder, `agent-${options.name}`)
    this.#gantry = gantry
    this.#options = options
  }

  /** Starts it; with a token it joins, without one it goes on as the node that it is. */
  start(token?: string): void {
    const { port, uid, args = [], env } = this.#options
    const place = ['--data', this.data, '--name', this.name, '--node-address', '127.0.0.1']
    const joining = token === undefined ? [] : ['--join', `127.0.0.1:${port}`]
    this.output = ''
    const child = spawn(process.execPath, [cli, 'agent', ...place, '--runtime', 'process', ...joining, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.#gantry.folder,
      env: { ...this.#gantry.env, ...(token === undefined ? {} : { GANTRY_JOIN_TOKEN: token }), ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
  }

  async join(): Promise<void> {
    const made = must(await this.#gantry.cli('token', 'create', '--node', this.name))
    this.start(made.stdout.trim())
    await this.#gantry.until(`${this.name} in session`, async () => this.isInSession)
  }

  get isInSession(): boolean {
    return this.output.includes('in session with cluster')
  }

  /** Resolves with the exit code. */
  async ended(): Promise<number | null> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    return new Promise(resolve => child.once('exit', resolve))
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const ended = this.ended()
    if (this.#process?.exitCode === null) this.#process.kill(signal)
    return ended
  }

  /** Stops it and its pods. */
  async down(): Promise<void> {
    await this.stop()
    await this.#gantry.cli('down', '--data', this.data, '--purge')
    const left = this.#gantry.processes('proxy.js', this.data)
    for (const pid of left) process.kill(pid, 'SIGKILL')
    if (left.length > 0) throw new Error(`gantry down left the proxy of ${this.name} behind`)
  }
}
