/** A real engine with agents that keep their containers in memory, and a clone of its repository. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defaultMode } from '../../agent/network/create.ts'
import type { EngineStatus } from '../../engine/server/controls.ts'
import { formatEngineAddress } from '../../engine/protocol/address.ts'
import { freePort, Gantry, must } from '../e2e/gantry.ts'
import type { Clone, GantryOptions } from '../e2e/gantry.ts'
import type { Closer } from './bench.ts'
import { MemoryAgents } from './memory-agents.ts'

/** As an ordinary user: these rows are about the engine, and leave the machine's network to whoever has it. */
export const quietUser: GantryOptions = {
  args: ['--runtime', 'process'],
  ...(process.getuid?.() === 0 ? { uid: 1000 } : {}),
}
const deletes = 'Gantry-Allow: delete'

/** An engine, and a clone of its repository. */
export class ClonedCluster {
  readonly gantry: Gantry
  readonly clone: Clone

  constructor(gantry: Gantry, clone: Clone) {
    this.gantry = gantry
    this.clone = clone
  }

  /** Writes files and commits them; what the repository began with makes room. */
  async commit(message: string, files: Iterable<readonly [path: string, text: string]>): Promise<string> {
    writeFiles(this.clone.path, files)
    await this.clone.git('add', '.')
    await this.clone.git('commit', '--quiet', '--message', message)
    return (await this.clone.git('rev-parse', 'HEAD')).trim()
  }

  async push(): Promise<void> {
    must(await this.clone.tryGit('push', '--quiet'))
  }

  /** Replaces the example that a new repository holds. */
  async begin(files: Iterable<readonly [path: string, text: string]>): Promise<void> {
    await this.clone.git('rm', '--quiet', '-r', '.')
    const commit = await this.commit(`Only what is measured\n\n${deletes}`, files)
    await this.push()
    await this.until('begun', status => isRecorded(status, commit))
  }

  status(): Promise<EngineStatus> {
    return this.gantry.api('/gantry/v1/status')
  }

  until(what: string, check: (status: EngineStatus) => boolean, seconds = 60): Promise<void> {
    return this.gantry.until(what, async () => check(await this.status()), seconds)
  }
}

/** With agents that run in this process. */
export class BenchCluster extends ClonedCluster {
  readonly agents: MemoryAgents

  private constructor(gantry: Gantry, parts: { clone: Clone; agents: MemoryAgents }) {
    super(gantry, parts.clone)
    this.agents = parts.agents
  }

  static async start(agentCount: number, own: (close: Closer) => void, options = quietUser): Promise<BenchCluster> {
    const engine = { host: '127.0.0.1', port: await freePort() }
    const listen = ['--agents-listen', formatEngineAddress(engine)]
    const gantry = await Gantry.up({ ...options, args: [...(options.args ?? []), ...listen] })
    own(() => gantry.down())
    const agents = await MemoryAgents.join({
      count: agentCount,
      engine,
      token: await tokenFor(gantry, agentCount),
      network: options.uid === undefined ? await defaultMode() : 'loopback',
      folder: gantry.folder,
    })
    own(() => agents.close())
    await gantry.until('joined', async () => agents.joined === agentCount)
    return new BenchCluster(gantry, { clone: await gantry.clone(), agents })
  }
}

/** A token that lets so many nodes join. */
export async function tokenFor(gantry: Gantry, nodes: number): Promise<string> {
  return must(await gantry.cli('token', 'create', '--uses', String(Math.max(nodes, 1)))).stdout.trim()
}

export function isRecorded({ cluster, record }: EngineStatus, commit: string): boolean {
  return cluster?.status.revision?.commit === commit && record.pending === 0
}

export function isHealthy({ cluster }: EngineStatus, commit: string): boolean {
  return cluster?.status.revision?.commit === commit && cluster.status.health === 'Healthy'
}

/** As an ordinary user would: git then reads them whoever that is. */
export function writeFiles(folder: string, files: Iterable<readonly [path: string, text: string]>): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o777 })
    writeFileSync(join(folder, path), text, { mode: 0o666 })
  }
}
