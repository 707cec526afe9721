/**
 * A runtime without containers: it keeps in memory what a real one keeps in the kernel, by the same contract. Tests,
 * the simulator and the bench run agents on it.
 */
import { Readable } from 'node:stream'
import type {
  ContainerId,
  ContainerSpec,
  ContainerStatusReport,
  ExecOptions,
  ExecResult,
  ImagePresence,
  ImageRequest,
  LogLine,
  Runtime,
  RuntimeEvent,
  SandboxSpec,
  SandboxState,
} from '../runtime/runtime.ts'
import type { ContainerCounters } from '../runtime/counters.ts'
import type { ContainerStreams } from '../runtime/streams.ts'

type ContainerState = ContainerStatusReport['state']

interface Held {
  readonly spec: ContainerSpec
  status: ContainerStatusReport
  readonly lines: string[]
}

export interface MemoryRuntimeOptions {
  /** `process` by default. */
  readonly name?: Runtime['name']
  /** Called before each effect: to delay it, or to make it fail by rejecting. */
  readonly before?: (effect: string, subject: string) => Promise<void>
  /** What a command in a container ends with; 0 by default. */
  readonly exec?: (id: ContainerId, command: readonly string[]) => ExecResult
  /** Images are pulled, and have this size; absent, they are there. */
  readonly pulledBytes?: number
  /** How long a container takes to end after its stop signal. */
  readonly stopsAfterMs?: number
}

export class MemoryRuntime implements Runtime {
  readonly name: Runtime['name']
  readonly version = 'memory://1'
  readonly mountsRefused = undefined
  /** What was asked for, in order: `start web:0`. */
  readonly effects: string[] = []
  readonly #options: MemoryRuntimeOptions
  readonly #sandboxes = new Map<string, { spec: SandboxSpec; ready: boolean; readonly containers: Set<ContainerId> }>()
  readonly #containers = new Map<ContainerId, Held>()
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(options: MemoryRuntimeOptions = {}) {
    this.#options = options
    this.name = options.name ?? 'process'
  }

  async list(): Promise<SandboxState[]> {
    await this.#options.before?.('list', '')
    return [...this.#sandboxes].map(([uid]) => this.#state(uid))
  }

  async createSandbox(spec: SandboxSpec): Promise<SandboxState> {
    await this.#effect('createSandbox', spec.name)
    if (!this.#sandboxes.has(spec.podUid))
      this.#sandboxes.set(spec.podUid, { spec, ready: true, containers: new Set() })
    return this.#state(spec.podUid)
  }

  async removeSandbox(podUid: string): Promise<void> {
    await this.#effect('removeSandbox', this.#sandboxes.get(podUid)?.spec.name ?? podUid)
    for (const id of this.#containersOf(podUid)) this.#containers.delete(id)
    this.#sandboxes.delete(podUid)
  }

  async ensureImage(image: string, { onPull }: ImageRequest): Promise<ImagePresence> {
    await this.#options.before?.('pull', image)
    const { pulledBytes } = this.#options
    if (pulledBytes !== undefined) onPull?.()
    return { imageID: `sha256:${image}`, ...(pulledBytes !== undefined && { pulledBytes }) }
  }

  async startContainer(spec: ContainerSpec): Promise<ContainerStatusReport> {
    await this.#effect('start', `${spec.podName}/${spec.name}:${spec.attempt}`)
    const id = `${spec.podUid}-${spec.name}-${spec.attempt}`
    const held = this.#containers.get(id)
    if (held) return held.status
    const status = {
      id,
      podUid: spec.podUid,
      name: spec.name,
      attempt: spec.attempt,
      image: spec.image ?? '',
      imageID: '',
      state: { kind: 'running' as const, startedAt: Date.now() },
    }
    this.#containers.set(id, { spec, status, lines: [] })
    this.#sandboxes.get(spec.podUid)?.containers.add(id)
    this.#tell({ kind: 'container', podUid: spec.podUid, status })
    return status
  }

  async stopContainer(id: ContainerId, { graceSeconds }: { graceSeconds: number }): Promise<void> {
    await this.#effect('stop', `${this.#describe(id)} grace ${graceSeconds}`)
    const ms = Math.min(this.#options.stopsAfterMs ?? 0, graceSeconds * 1000)
    if (ms > 0) await this.#ended(id, ms)
    this.exit(id, 143)
  }

  async removeContainer(id: ContainerId): Promise<void> {
    await this.#effect('remove', this.#describe(id))
    this.#containers.delete(id)
  }

  async exec(id: ContainerId, { command }: { command: readonly string[] }): Promise<ExecResult> {
    await this.#options.before?.('exec', command.join(' '))
    return this.#options.exec?.(id, command) ?? { exitCode: 0, output: '' }
  }

  async openExec(id: ContainerId, { command }: ExecOptions): Promise<ContainerStreams> {
    const { exitCode, output } = await this.exec(id, { command })
    return memoryStreams([output], exitCode)
  }

  async attach(id: ContainerId): Promise<ContainerStreams> {
    return memoryStreams(this.#containers.get(id)?.lines ?? [], undefined)
  }

  async *logs(id: ContainerId, { tailLines = Infinity }: { tailLines?: number }): AsyncGenerator<LogLine> {
    const lines = this.#containers.get(id)?.lines ?? []
    for (const text of lines.slice(Math.max(0, lines.length - tailLines))) {
      yield { time: '2026-11-20T19:08:09.000000000Z', stream: 'stdout', text }
    }
  }

  async usage(): Promise<readonly ContainerCounters[]> {
    const running = [...this.#containers.values()].filter(({ status }) => status.state.kind === 'running')
    return running.map(({ spec }) => ({
      podUid: spec.podUid,
      container: spec.name,
      cpuNanoseconds: 0,
      memoryBytes: 0,
    }))
  }

  watch(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#listeners.clear()
  }

  // ---- What happens to containers from outside ----

  /** The container ends by itself. */
  exit(id: ContainerId, exitCode: number): void {
    const held = this.#containers.get(id)
    if (held?.status.state.kind !== 'running') return
    const { startedAt } = held.status.state
    const state: ContainerState = { kind: 'exited', startedAt, finishedAt: Date.now(), exitCode, oomKilled: false }
    held.status = { ...held.status, state }
    this.#tell({ kind: 'container', podUid: held.spec.podUid, status: held.status })
  }

  /** Somebody removes it by hand. */
  vanish(id: ContainerId): void {
    const held = this.#containers.get(id)
    this.#containers.delete(id)
    if (held) this.#tell({ kind: 'vanished', podUid: held.spec.podUid, containerName: held.spec.name })
  }

  /** What the containers share is destroyed; they end with it. */
  breakSandbox(podUid: string): void {
    const sandbox = this.#sandboxes.get(podUid)
    if (sandbox) sandbox.ready = false
    for (const id of this.#containersOf(podUid)) this.exit(id, 137)
    this.#tell({ kind: 'vanished', podUid })
  }

  print(id: ContainerId, line: string): void {
    this.#containers.get(id)?.lines.push(line)
  }

  /** Running containers, `pod/container:attempt`, sorted. */
  running(): string[] {
    return [...this.#containers.values()]
      .filter(({ status }) => status.state.kind === 'running')
      .map(({ spec }) => `${spec.podName}/${spec.name}:${spec.attempt}`)
      .sort()
  }

  specOf(id: ContainerId): ContainerSpec | undefined {
    return this.#containers.get(id)?.spec
  }

  #containersOf(podUid: string): readonly ContainerId[] {
    return [...(this.#sandboxes.get(podUid)?.containers ?? [])]
  }

  #state(podUid: string): SandboxState {
    const sandbox = this.#sandboxes.get(podUid)
    if (!sandbox) throw new Error(`no sandbox for pod ${podUid}`)
    const { spec, ready } = sandbox
    return {
      podUid,
      namespace: spec.namespace,
      name: spec.name,
      ...(spec.ip !== undefined && { ip: spec.ip }),
      ready,
      containers: this.#containersOf(podUid).flatMap(id => this.#containers.get(id)?.status ?? []),
    }
  }

  /** Resolves when the time is over, or another stop was faster. */
  async #ended(id: ContainerId, ms: number): Promise<void> {
    let unwatch = (): void => {}
    await new Promise<void>(resolve => {
      unwatch = this.watch(event => {
        if (event.kind === 'container' && event.status.id === id && event.status.state.kind === 'exited') resolve()
      })
      this.#timers.add(setTimeout(resolve, ms))
    })
    unwatch()
  }

  #describe(id: ContainerId): string {
    const spec = this.#containers.get(id)?.spec
    return spec ? `${spec.podName}/${spec.name}:${spec.attempt}` : id
  }

  async #effect(kind: string, subject: string): Promise<void> {
    this.effects.push(`${kind} ${subject}`)
    await this.#options.before?.(kind, subject)
  }

  #tell(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

function memoryStreams(texts: readonly string[], exitCode: number | undefined): ContainerStreams {
  return {
    stdin: undefined,
    output: Readable.from(texts.map(text => ({ stream: 'stdout', bytes: Buffer.from(text) }))),
    exitCode: async () => exitCode,
    resize: async () => {},
    close: async () => {},
  }
}
