/** Agents with real sessions and the real pods code, on a runtime that keeps its containers in memory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Assignments } from '../../agent/assignments.ts'
import { memoryNetwork } from '../../agent/pods/memory-network.ts'
import { MemoryRuntime } from '../../agent/pods/memory-runtime.ts'
import { createPods } from '../../agent/pods/pods.ts'
import type { Pods } from '../../agent/pods/pods.ts'
import { remoteAccess } from '../../agent/engine-access.ts'
import type { Identity } from '../../agent/identity/identity.ts'
import { joinEngine } from '../../agent/identity/join.ts'
import { keepRenewed } from '../../agent/identity/renewal.ts'
import type { Renewal } from '../../agent/identity/renewal.ts'
import { linkToEngine } from '../../agent/session.ts'
import type { EngineLink } from '../../agent/session.ts'
import type { EngineAddress } from '../../engine/protocol/address.ts'
import type { AssignmentDelta, NetworkMode, NodeReport, NodeSettings } from '../../engine/protocol/session.ts'
import { nodeLabel } from './app-files.ts'

export interface MemoryAgentsOptions {
  readonly count: number
  /** The number in the first one's name. */
  readonly first?: number
  /** Where the engine listens for agents. */
  readonly engine: EngineAddress
  /** Lets in all of them. */
  readonly token: string
  readonly network: NetworkMode
  /** Where the agents make their folders. */
  readonly folder: string
}

/** The agents of a bench, `memory-0` and on. */
export class MemoryAgents {
  readonly #agents: readonly MemoryAgent[]
  readonly #folder: string
  /** Called with everything that an agent is told. */
  onTold: (delta: AssignmentDelta) => void = () => {}

  private constructor(parent: string, { network }: MemoryAgentsOptions, identities: readonly Identity[]) {
    this.#folder = parent
    this.#agents = identities.map(identity => {
      const told = (delta: AssignmentDelta): void => this.onTold(delta)
      return new MemoryAgent({ network, identity, folder: join(parent, identity.node), told })
    })
  }

  /** Each joins with a certificate of its own, and holds a session over TLS, as on a machine of its own. */
  static async join(options: MemoryAgentsOptions): Promise<MemoryAgents> {
    const { count, first = 0, engine, token } = options
    const parent = mkdtempSync(join(options.folder, 'agents-'))
    const identities: Identity[] = []
    for (let index = 0; index < count; index++) {
      const node = `memory-${first + index}`
      identities.push(
        await joinEngine({ folder: join(parent, node, 'identity'), engine, token, node, network: options.network }),
      )
    }
    return new MemoryAgents(parent, options, identities)
  }

  get joined(): number {
    return this.#agents.filter(({ isJoined }) => isJoined).length
  }

  /** How many containers were ever started. */
  get started(): number {
    return this.#agents.reduce((sum, { started }) => sum + started, 0)
  }

  /** One of them; numbers beyond the last begin anew. */
  agent(number: number): MemoryAgent {
    const agent = this.#agents[number % this.#agents.length]
    if (agent === undefined) throw new Error('there are no agents')
    return agent
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) await agent.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

interface MemoryAgentOptions {
  readonly identity: Identity
  readonly network: NetworkMode
  readonly folder: string
  told(delta: AssignmentDelta): void
}

export class MemoryAgent {
  readonly #options: MemoryAgentOptions
  readonly #runtime = new MemoryRuntime()
  readonly #link: EngineLink
  readonly #renewal: Renewal
  readonly #name: string
  #pods: Promise<Pods> | undefined
  #assignments: Assignments | undefined
  isJoined = false

  constructor(options: MemoryAgentOptions) {
    this.#options = options
    const { identity, folder } = options
    this.#name = identity.node
    const onError = (error: unknown): never => {
      throw error
    }
    this.#renewal = keepRenewed({ folder: join(folder, 'identity'), identity, onError })
    this.#link = linkToEngine({
      network: options.network,
      dial: remoteAccess(this.#renewal).dial,
      node: () => this.#describe(),
      onMessage: message => {
        if (message.type === 'welcome') void this.#welcome(message.settings)
        else if (message.type === 'assign') void this.#assign(message.delta)
        else void this.#renewal.hear(message)
      },
      onDown: () => {
        this.#renewal.down()
        this.isJoined = false
      },
      onRefused: (reason, remedy) => {
        throw new Error(`${this.#name} was refused: ${reason}; ${remedy}`)
      },
      open: () => Promise.reject(new Error('nothing runs here')),
    })
  }

  get started(): number {
    return this.#runtime.effects.filter(effect => effect.startsWith('start ')).length
  }

  /** Ends a container that has never ended, as a program that crashes: the app that it was of. */
  crash(): string | undefined {
    const running = new Set(this.#runtime.running())
    const pod = this.#assignments?.pods().find(({ metadata }) => running.has(`${metadata.name}/web:0`))
    if (pod === undefined) return undefined
    this.#runtime.exit(`${pod.metadata.uid}-web-0`, 1)
    return pod.metadata.labels?.['app']
  }

  /** Says nothing any more, as a machine that lost its power. */
  vanish(): void {
    this.#link.close()
  }

  async close(): Promise<void> {
    this.#renewal.close()
    this.#link.close()
    await (await this.#pods)?.close()
    await this.#runtime.close()
  }

  async #welcome(settings: NodeSettings): Promise<void> {
    this.isJoined = true
    this.#renewal.up(message => this.#link.send(message))
    this.#assignments ??= new Assignments(settings, this.#name)
    this.#pods ??= this.#createPods(settings)
    const pods = await this.#pods
    this.#link.send({ type: 'report', pods: pods.reports() })
  }

  #createPods({ podCIDR }: NodeSettings): Promise<Pods> {
    return createPods({
      runtimes: new Map([['process', this.#runtime]]),
      network: memoryNetwork({ prefix: podCIDR.split('.').slice(0, 3).join('.') }),
      folder: this.#options.folder,
      nodeName: this.#name,
      onReport: report => this.#link.send({ type: 'report', pods: [report] }),
      onEvent: event => this.#link.send({ type: 'events', events: [event] }),
    })
  }

  async #assign(delta: AssignmentDelta): Promise<void> {
    this.#options.told(delta)
    const assignments = this.#assignments
    if (assignments === undefined) throw new Error('an assignment came before the welcome')
    assignments.apply(delta)
    const pods = await this.#pods
    pods?.apply(assignments)
    this.#link.send({ type: 'acknowledged', resourceVersion: assignments.resourceVersion })
  }

  #describe(): NodeReport {
    const capacity = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '250' }
    return {
      name: this.#name,
      labels: { 'kubernetes.io/hostname': this.#name, ...nodeLabel },
      taints: [],
      status: { capacity, allocatable: capacity, runtimeHandlers: [{ name: 'process' }] },
    }
  }
}
