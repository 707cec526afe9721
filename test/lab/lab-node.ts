/** A node of a lab: a machine with an agent, and a Docker Engine of its own where it has one. */
import { chownSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetworkMode } from '../../engine/protocol/session.ts'
import { dist, type LabEngine } from './lab-engine.ts'
import type { Machine, Program } from './machine.ts'
import { cgroupName } from './sweep.ts'

const ordinaryUser = 1000
const asOrdinaryUser = [
  'setpriv',
  ...['--reuid', String(ordinaryUser), '--regid', String(ordinaryUser), '--clear-groups'],
]

export class LabNode {
  readonly machine: Machine
  readonly runtime: 'docker' | 'process'
  address: string
  readonly #network: NetworkMode
  readonly #engine: LabEngine
  #agent: Program | undefined
  #docker: Program | undefined

  constructor(
    machine: Machine,
    given: { engine: LabEngine; address: string; network: NetworkMode; runtime: 'docker' | 'process' },
  ) {
    this.#network = given.network
    this.machine = machine
    this.address = given.address
    this.runtime = given.runtime
    this.#engine = given.engine
  }

  get name(): string {
    return this.machine.name
  }
  get words(): string {
    return `${this.name}: ${this.#agent?.words ?? 'no agent'}`
  }
  get dockerHost(): string {
    return `unix://${join(this.machine.folder, 'docker.sock')}`
  }

  /** The agent of an earlier start must have ended. */
  async startAgent(): Promise<void> {
    const data = join(this.machine.folder, 'data')
    const joined = existsSync(data)
    if (!joined && this.#network === 'loopback') chownSync(this.machine.folder, ordinaryUser, ordinaryUser)
    const through = this.#network === 'loopback' ? asOrdinaryUser : []
    const membership = joined ? [] : ['--join', this.#engine.door, '--name', this.name]
    const argv = [...through, process.execPath, `${dist}gantry.js`, 'agent', '--data', data, ...membership]
    this.#agent = this.machine.start('agent', argv, {
      DOCKER_HOST: this.dockerHost,
      HOME: this.machine.folder,
      ...(joined ? {} : { GANTRY_JOIN_TOKEN: await this.#engine.createToken(this.name) }),
    })
  }

  async stopAgent(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#agent?.stop(signal)
  }

  /** Stops the pods and the agent, and takes down what they stood on. */
  async down(): Promise<void> {
    const data = join(this.machine.folder, 'data')
    const env = { DOCKER_HOST: this.dockerHost, HOME: this.machine.folder }
    await this.machine.run([process.execPath, `${dist}gantry.js`, 'down', '--data', data, '--purge'], env)
  }

  /** Starts the Docker Engine of a node that has one; resolves when it answers. */
  async startDocker(): Promise<void> {
    if (this.runtime !== 'docker') return
    const { folder } = this.machine
    const roots = ['--data-root', join(folder, 'docker/data'), '--exec-root', join(folder, 'docker/exec')]
    const own = ['--pidfile', join(folder, 'docker.pid'), '--host', this.dockerHost, '--bridge', 'none']
    const group = ['--cgroup-parent', `/${cgroupName(dirname(folder), this.name)}`]
    const program = this.machine.start('dockerd', ['dockerd', ...roots, ...own, ...group])
    this.#docker = program
    while (!(await this.#dockerAnswers())) {
      if (!program.runs) throw new Error(`dockerd of ${this.name} ended: ${program.words}`)
      await sleep(100)
    }
  }

  async stopDocker(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#docker?.stop(signal)
  }

  docker(...args: readonly string[]): Promise<string> {
    return this.machine.run(['docker', '--host', this.dockerHost, ...args])
  }

  async #dockerAnswers(): Promise<boolean> {
    if (!existsSync(join(this.machine.folder, 'docker.sock'))) return false
    return this.docker('version').then(
      () => true,
      () => false,
    )
  }
}
