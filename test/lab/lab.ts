/**
 * A cluster on machines of the lab: the engine on one, a node on each of the others, joined by a switch that can cut
 * them off. Everything runs as it would on real machines; nothing of the host's is touched but a folder in /tmp.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetworkMode } from '../../engine/protocol/session.ts'
import { LabEngine } from './lab-engine.ts'
import { LabNode } from './lab-node.ts'
import { Machine } from './machine.ts'
import { folderPrefix, sweep, writeOwner } from './sweep.ts'
import { Switch, type Weather } from './switch.ts'

export interface LabOptions {
  /** Name → whether it has a Docker Engine. */
  readonly nodes: Readonly<Record<string, 'docker' | 'process'>>
  /** `loopback`: the agents run as an ordinary user. `bridged` where absent. */
  readonly network?: NetworkMode
  /** Files of the first commit by their path; the example where absent. */
  readonly files?: Readonly<Record<string, string>>
}

export class Lab {
  readonly folder: string
  readonly #switch: Switch
  readonly engine: LabEngine
  readonly nodes: ReadonlyMap<string, LabNode>

  private constructor(given: { folder: string; switch: Switch; engine: LabEngine; nodes: readonly LabNode[] }) {
    this.folder = given.folder
    this.#switch = given.switch
    this.engine = given.engine
    this.nodes = new Map(given.nodes.map(node => [node.name, node]))
  }

  /** Resolves when all nodes are Ready. What an earlier lab left that was killed is removed first. */
  static async start(options: LabOptions): Promise<Lab> {
    await sweep()
    const folder = mkdtempSync(join(tmpdir(), folderPrefix))
    // Agents of ordinary users have their folders in it.
    chmodSync(folder, 0o711)
    writeOwner(folder)
    const place = (name: string): string => {
      const path = join(folder, name)
      mkdirSync(path, { mode: 0o755 })
      return path
    }
    const net = await Switch.start(place('switch'))
    const names = ['engine', ...Object.keys(options.nodes)]
    const machines = await Promise.all(names.map(name => Machine.start(name, place(name))))
    const lab = await Lab.#build({ folder, switch: net, machines, options })
    try {
      await lab.#begin(options)
    } catch (error) {
      await lab.stop()
      throw error
    }
    return lab
  }

  static async #build(given: {
    folder: string
    switch: Switch
    machines: Machine[]
    options: LabOptions
  }): Promise<Lab> {
    const { folder, options } = given
    const [first, ...others] = given.machines
    if (first === undefined) throw new Error('a lab has at least the machine of its engine')
    const network = options.network ?? 'bridged'
    const engine = new LabEngine(first, { address: await given.switch.join(first), network })
    const nodes: LabNode[] = []
    for (const machine of others) {
      const address = await given.switch.join(machine)
      nodes.push(new LabNode(machine, { engine, address, network, runtime: options.nodes[machine.name] ?? 'process' }))
    }
    return new Lab({ folder, switch: given.switch, engine, nodes })
  }

  async #begin({ files }: LabOptions): Promise<void> {
    const nodes = [...this.nodes.values()]
    await Promise.all([this.engine.start(), ...nodes.map(node => node.startDocker())])
    await Promise.all(nodes.map(node => node.startAgent()))
    await this.until('every node Ready', async () => nodes.every(await this.engine.readyNodes()))
    if (files !== undefined) await this.engine.push(files)
  }

  node(name: string): LabNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`the lab has no node ${name}; it has ${[...this.nodes.keys()].join(', ')}`)
    return node
  }

  cut(name: string): Promise<void> {
    return this.#switch.cut(this.node(name).machine)
  }
  mend(name: string): Promise<void> {
    return this.#switch.mend(this.node(name).machine)
  }
  weather(name: string, weather: Weather): Promise<void> {
    return this.#switch.weather(this.node(name).machine, weather)
  }
  /** What cuts a node off, for a person to type. */
  cutCommand(name: string): string {
    return this.#switch.cutCommand(this.node(name).machine)
  }
  async move(name: string, address: string): Promise<void> {
    await this.#switch.move(this.node(name).machine, address)
    this.node(name).address = address
  }

  /** Waits for what must come true; fails with what the engine and the agents wrote. */
  async until(what: string, check: () => Promise<boolean>, seconds = 40): Promise<void> {
    const deadline = Date.now() + seconds * 1000
    let last: unknown
    while (Date.now() < deadline) {
      try {
        if (await check()) return
        last = undefined
      } catch (error) {
        last = error
      }
      await sleep(50)
    }
    const seen = await this.engine.gantry('get', 'nodes,pods', '-A', '-o', 'wide').catch(String)
    const words = [seen, this.engine.words, ...[...this.nodes.values()].map(node => node.words)]
    throw new Error(`not ${what} within ${seconds} s: ${String(last)}\n${words.join('\n')}`)
  }

  async stop(): Promise<void> {
    await Promise.all([this.engine.machine, ...[...this.nodes.values()].map(node => node.machine)].map(m => m.stop()))
    await this.#switch.stop()
    rmSync(this.folder, { recursive: true, force: true })
    await sweep()
  }
}
