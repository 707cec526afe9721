/** The engine of a lab, on a machine of its own. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NetworkMode } from '../../engine/protocol/session.ts'
import { httpGet } from './http.ts'
import type { Machine, Program } from './machine.ts'

export const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
const port = 7420
const agentsPort = 7421
const cluster = 'lab'

export interface NodeView {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: { readonly podCIDR?: string }
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[]
    readonly conditions: readonly {
      readonly type: string
      readonly status: string
      readonly reason: string
      readonly message: string
    }[]
  }
}

export class LabEngine {
  readonly machine: Machine
  readonly address: string
  readonly #network: NetworkMode
  #program: Program | undefined

  constructor(machine: Machine, given: { address: string; network: NetworkMode }) {
    this.machine = machine
    this.address = given.address
    this.#network = given.network
  }

  get data(): string {
    return join(this.machine.folder, 'data')
  }
  get token(): string {
    return readFileSync(join(this.data, 'token'), 'utf8').trim()
  }
  get cloneUrl(): string {
    return `http://gantry:${this.token}@127.0.0.1:${port}/git/${cluster}.git`
  }
  get words(): string {
    return `engine: ${this.#program?.words ?? 'not started'}`
  }

  /** Starts the engine, or starts it again; resolves when it answers. */
  async start(): Promise<void> {
    const argv = [process.execPath, join(dist, 'gantry.js'), 'engine', '--name', cluster, '--data', this.data]
    const door = ['--agents-listen', `0.0.0.0:${agentsPort}`, '--network', this.#network]
    const program = this.machine.start('engine', [...argv, ...door])
    this.#program = program
    while (!(await this.#answers())) {
      if (!program.runs) throw new Error(`the engine ended: ${program.words}`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  /** Where agents join. */
  get door(): string {
    return `${this.address}:${agentsPort}`
  }

  /** A token with which this node joins, and no other. */
  async createToken(node: string): Promise<string> {
    return (await this.gantry('token', 'create', '--node', node)).trim()
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#program?.stop(signal)
  }

  async api<T>(path: string): Promise<T> {
    return JSON.parse(await this.#get(path)) as T
  }

  async nodes(): Promise<readonly NodeView[]> {
    return (await this.api<{ items: NodeView[] }>('/api/v1/nodes')).items
  }

  /** Tells of a node whether it is Ready now. */
  async readyNodes(): Promise<(node: { readonly name: string }) => boolean> {
    const ready = (await this.nodes())
      .filter(({ status }) => status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
      .filter(({ status }) => (status.addresses ?? []).length > 0)
    const names = new Set(ready.map(({ metadata }) => metadata.name))
    return ({ name }) => names.has(name)
  }

  /** Makes these the files of the followed branch, all of them, in one commit. */
  async push(files: Readonly<Record<string, string>>): Promise<void> {
    const folder = mkdtempSync(join(this.machine.folder, 'push-'))
    const git = (...args: string[]): Promise<string> => this.machine.run(['git', '-C', folder, ...args])
    await this.machine.run(['git', 'clone', '--quiet', this.cloneUrl, folder])
    await git('rm', '--quiet', '-r', '--ignore-unmatch', '.')
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    await git('add', '--all')
    const who = ['-c', 'user.name=Lab', '-c', 'user.email=lab@example.com']
    await git(...who, 'commit', '--quiet', '--allow-empty', '--message', 'Lab\n\nGantry-Allow: delete')
    await git('push', '--quiet')
  }

  /** Runs `gantry …` against this engine. */
  async gantry(...args: readonly string[]): Promise<string> {
    const env = { GANTRY_SERVER: `http://127.0.0.1:${port}`, GANTRY_TOKEN: this.token, NO_COLOR: '1' }
    return this.machine.run([process.execPath, join(dist, 'gantry.js'), ...args], env)
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#get('/livez')
      return true
    } catch {
      return false
    }
  }

  #get(path: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.token}` }
    return httpGet(this.machine, { host: '127.0.0.1', port, path, headers })
  }
}
