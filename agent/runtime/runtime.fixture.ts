/** What the suites of runtimes share: a machine, a runtime on it, and a pod with its sandbox for each test. */
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { ContainerSpec, ContainerStatusReport, LogLine, LogOptions, Runtime, SandboxSpec } from './runtime.ts'

export interface RuntimeUnderTest {
  /** A new agent's runtime on the same machine state: what comes after a crash. */
  open(): Promise<Runtime>
  /** Address for a pod of this mode. */
  allocate(podUid: string): Promise<string>
  readonly image: string | undefined
  readonly asUser: number | undefined
  dispose(): Promise<void>
}

/** Good within a test. */
export interface Ground {
  readonly runtime: Runtime
  readonly pod: SandboxSpec
  /** A folder of the host, with a folder `data` that anybody may write in. */
  readonly volume: string
  /** A new agent's runtime on the same machine. */
  reopened(): Promise<Runtime>
  /** A container that runs this script. */
  container(script: string, overrides?: Partial<ContainerSpec>): ContainerSpec
  /** Starts it and resolves when it has ended. */
  ran(spec: ContainerSpec): Promise<Ran>
  stateOf(id: string, of?: Runtime): Promise<ContainerStatusReport['state'] | undefined>
  textOf(id: string, options: LogOptions): Promise<string[]>
  linesOf(id: string, options: LogOptions): Promise<LogLine[]>
  /** The user whose files the volume's are. */
  asOwner(): { securityContext: { runAsUser?: number } }
}

export interface Ran {
  readonly id: string
  readonly exitCode: number
  readonly message: string | undefined
  readonly lines: string[]
}

/** Within a `describe`. */
export function prepareGround(make: () => Promise<RuntimeUnderTest>): Ground {
  let machine: RuntimeUnderTest
  let runtime: Runtime
  let volume: string
  let pod: SandboxSpec
  const opened: Runtime[] = []

  beforeAll(async () => {
    machine = await make()
    volume = await mkdtemp(join(tmpdir(), 'gantry-volume-'))
    await mkdir(join(volume, 'data'), { mode: 0o777 })
  })
  afterAll(async () => {
    await rm(volume, { recursive: true, force: true })
    await machine.dispose()
  })
  beforeEach(async () => {
    runtime = await reopened()
    const podUid = randomUUID()
    pod = {
      podUid,
      namespace: 'shop',
      name: 'web-0',
      hostname: 'web-0',
      ip: await machine.allocate(podUid),
      hostNetwork: false,
      hostAliases: [{ ip: '192.0.2.7', hostnames: ['elsewhere', 'elsewhere.example'] }],
      dns: {
        nameservers: ['192.0.2.53'],
        searches: ['shop.svc.cluster.local'],
        options: [{ name: 'ndots', value: '5' }],
      },
      ports: [],
      labels: { app: 'web' },
    }
    // Where Docker chooses the address, it is known only now.
    const { ip } = await runtime.createSandbox(pod)
    pod = { ...pod, ...(ip === undefined ? {} : { ip }) }
  })
  afterEach(async () => {
    await runtime.removeSandbox(pod.podUid)
    await Promise.all(opened.splice(0).map(one => one.close()))
  })

  async function reopened(): Promise<Runtime> {
    const one = await machine.open()
    opened.push(one)
    return one
  }

  function container(script: string, overrides: Partial<ContainerSpec> = {}): ContainerSpec {
    return {
      podUid: pod.podUid,
      namespace: pod.namespace,
      podName: pod.name,
      name: 'main',
      attempt: 0,
      ...(machine.image === undefined ? {} : { image: machine.image }),
      command: ['/bin/sh', '-c'],
      args: [script],
      env: {},
      mounts: [],
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      stdin: false,
      tty: false,
      ...overrides,
    }
  }

  /** Starts it and resolves when it has ended. */
  async function ran(spec: ContainerSpec): Promise<Ran> {
    const { id } = await runtime.startContainer(spec)
    const lines = await textOf(id, { follow: true })
    const state = await until(
      () => stateOf(id),
      found => found?.kind === 'exited',
    )
    if (state?.kind !== 'exited') throw new Error(`state is ${state?.kind}`)
    return { id, exitCode: state.exitCode, message: state.message, lines }
  }

  async function stateOf(id: string, of = runtime) {
    const sandbox = (await of.list()).find(one => one.podUid === pod.podUid)
    return sandbox?.containers.find(one => one.id === id)?.state
  }

  async function textOf(id: string, options: LogOptions): Promise<string[]> {
    return (await linesOf(id, options)).map(line => line.text)
  }

  async function linesOf(id: string, options: LogOptions): Promise<LogLine[]> {
    const lines: LogLine[] = []
    for await (const line of runtime.logs(id, options)) lines.push(line)
    return lines
  }

  return {
    get runtime() {
      return runtime
    },
    get pod() {
      return pod
    },
    get volume() {
      return volume
    },
    reopened,
    container,
    ran,
    stateOf,
    textOf,
    linesOf,
    asOwner: () => ({ securityContext: machine.asUser === undefined ? {} : { runAsUser: machine.asUser } }),
  }
}

export async function until<T>(look: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  const end = Date.now() + 10_000
  for (;;) {
    const found = await look()
    if (holds(found)) return found
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(found)} after 10 s`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
