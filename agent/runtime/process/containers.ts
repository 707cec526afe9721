/** The containers of a process runtime: started, watched, adopted, stopped. */
import { spawn } from 'node:child_process'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Uid } from '../../../engine/api/types.ts'
import type {
  ContainerId,
  ContainerSpec,
  ContainerStatusReport,
  ExecResult,
  LogLine,
  LogOptions,
  Mount,
  RuntimeEvent,
} from '../runtime.ts'
import { StartError } from '../runtime.ts'
import { credentialsAsRoot, credentialsAsUser } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import { environmentFile } from './environment.ts'
import { execute } from './exec.ts'
import { containerId, isContainerRecord, pathPart, readIfThere, readRecords, writeDurably } from './files.ts'
import type { ContainerRecord, Layout, SandboxRecord } from './files.ts'
import { bootId, descendants, isAlive, parentOf, processesMarked, signal } from './identity.ts'
import type { ProcessIdentity } from './identity.ts'
import { execArguments, launchArguments } from './launch.ts'
import { readLog, streamsWritten } from './log.ts'
import { shimPath } from './machine.ts'
import { watchMarks } from './marks.ts'
import { prepareRoot, terminationFile } from './prepare.ts'
import { commandOf, defaultPath } from './program.ts'
import { readStatus } from './status.ts'
import { noteTimes } from './times.ts'

export interface ContainersOptions {
  readonly layout: Layout
  readonly clusterUid: Uid
  readonly nodeName: string
  readonly isolated: boolean
  /** Why they are not isolated. */
  readonly refused: string | undefined
  readonly hidden: readonly string[]
  readonly tell: (event: RuntimeEvent) => void
}

export interface Containers {
  ofPod(podUid: Uid): readonly ContainerStatusReport[]
  start(spec: ContainerSpec, pod: Pod): Promise<ContainerStatusReport>
  stop(id: ContainerId, graceMs: number): Promise<void>
  remove(id: ContainerId): Promise<void>
  removeOfPod(podUid: Uid): Promise<void>
  exec(id: ContainerId, options: { command: readonly string[]; timeoutMs: number }): Promise<ExecResult>
  logs(id: ContainerId, options: LogOptions): AsyncIterable<LogLine>
  processesOf(podUid: Uid): readonly ProcessIdentity[]
  close(): void
}

export interface Pod {
  readonly sandbox: SandboxRecord
  readonly folder: string
}

interface Entry {
  readonly record: ContainerRecord
  status: ContainerStatusReport
  /** The main process, once it was announced. */
  main?: ProcessIdentity
  stopNoting?: () => void
}

/** How long a shim may take to say that its process runs, on a machine under load. */
const startTimeoutMs = 30_000
/** How long after SIGKILL a container may take to be gone. */
const killTimeoutMs = 10_000
const asRoot = process.getuid?.() === 0

export async function createContainers(options: ContainersOptions): Promise<Containers> {
  const { layout } = options
  const entries = new Map<ContainerId, Entry>()
  const starting = new Map<ContainerId, Promise<ContainerStatusReport>>()
  const marks = watchMarks(layout.marks, { onChange: refresh, everyMs: 1000 })

  for (const record of await readRecords(layout.containers, 'container.json')) {
    if (isContainerRecord(record)) await adopt(record)
  }

  async function adopt(record: ContainerRecord): Promise<Entry> {
    const { status, main } = readStatus(record, layout)
    const entry: Entry = { record, status, ...(main === undefined ? {} : { main }) }
    entries.set(record.id, entry)
    if (status.state.kind !== 'exited') entry.stopNoting = noteTimes(layout.container(record.id))
    return entry
  }

  /** Looks at what the marks and the processes say now; tells what changed. */
  function refresh(): void {
    for (const entry of entries.values()) {
      if (entry.status.state.kind === 'exited') continue
      const { status, main } = readStatus(entry.record, layout)
      if (main !== undefined) entry.main = main
      if (status.state.kind === entry.status.state.kind) continue
      entry.status = status
      if (status.state.kind === 'exited') {
        // Without a pid namespace nothing ends what the main process left behind.
        if (!entry.record.isolated) killLeftovers(entry.record)
        void streamsDone(entry).then(() => entry.stopNoting?.())
      }
      options.tell({ kind: 'container', podUid: entry.record.podUid, status })
    }
  }

  async function start(spec: ContainerSpec, pod: Pod): Promise<ContainerStatusReport> {
    const id = containerId(spec.podUid, spec)
    const known = entries.get(id)
    if (known !== undefined && known.status.state.kind !== 'created') return known.status
    const under = starting.get(id) ?? startOnce(spec, pod)
    starting.set(id, under)
    try {
      return await under
    } finally {
      starting.delete(id)
    }
  }

  async function startOnce(spec: ContainerSpec, pod: Pod): Promise<ContainerStatusReport> {
    const id = containerId(spec.podUid, spec)
    const entry = entries.get(id) ?? (await intend(spec, pod))
    // A shim that runs already is found by its lock: this one then ends at once.
    await spawnShim(entry.record, {
      hostname: pod.sandbox.hostname,
      command: await commandOf(spec, entry.record.workingDir),
    })
    await marks.until(() => (refresh(), entry.status.state.kind !== 'created'), startTimeoutMs)
    const setup = (await readIfThere(join(layout.container(id), 'setup')))?.trim() ?? ''
    const { status } = entry
    if (status.state.kind === 'running' || entry.main !== undefined) return status
    await remove(id)
    throw new StartError(
      'RunContainerError',
      `container ${spec.name} could not be set up: ${setup || 'its shim ended without a word'}`,
    )
  }

  /** Writes down what is about to be started; the record last. */
  async function intend(spec: ContainerSpec, { sandbox, folder }: Pod): Promise<Entry> {
    const id = containerId(spec.podUid, spec)
    const credentials = credentialsOf(spec)
    const workingDir = spec.workingDir ?? '/'
    await commandOf(spec, workingDir)
    refuseMounts(spec, options)
    const home = layout.container(id)
    await rm(home, { recursive: true, force: true })
    await mkdir(home, { recursive: true, mode: 0o700 })
    const env = environmentFile({
      PATH: defaultPath,
      HOME: '/tmp',
      ...spec.env,
      HOSTNAME: spec.env['HOSTNAME'] ?? sandbox.hostname,
    })
    await writeFile(join(home, 'env'), env.text, { mode: 0o600 })
    const termination = await terminationFile(home, credentials)
    if (options.isolated) {
      const shared = [
        { hostPath: termination, containerPath: spec.terminationMessagePath, readOnly: false },
        { hostPath: join(folder, 'hosts'), containerPath: '/etc/hosts', readOnly: false },
        ...((await readIfThere(join(folder, 'resolv.conf'))) === undefined
          ? []
          : [{ hostPath: join(folder, 'resolv.conf'), containerPath: '/etc/resolv.conf', readOnly: false }]),
      ]
      await prepareRoot({
        home,
        mounts: withoutCovered(shared, spec.mounts),
        hidden: options.hidden,
        readOnly: spec.securityContext?.readOnlyRootFilesystem === true,
        userNamespace: !asRoot,
      })
    }
    const record: ContainerRecord = {
      id,
      podUid: spec.podUid,
      name: spec.name,
      attempt: spec.attempt,
      image: spec.image ?? '',
      bootId: bootId(),
      isolated: options.isolated,
      ...(sandbox.network === undefined ? {} : { network: sandbox.network }),
      credentials,
      workingDir,
      odd: env.odd,
    }
    await writeDurably(join(home, 'container.json'), JSON.stringify(record))
    return adopt(record)
  }

  async function spawnShim(
    record: ContainerRecord,
    { hostname, command }: { hostname: string; command: readonly string[] },
  ): Promise<void> {
    const home = layout.container(record.id)
    const launch = launchArguments({ record, asRoot, command }, { layout, hostname })
    const environment = await open(join(home, 'env'))
    try {
      await new Promise<void>((resolve, reject) => {
        const shim = spawn('/bin/sh', [layout.shim, `${layout.marks}/${record.id}`, ...launch], {
          cwd: home,
          detached: true,
          stdio: ['ignore', 'ignore', 'ignore', environment.fd],
          env: { ...marksOf(record), GANTRY_SHIM: '1', PATH: shimPath },
        })
        shim.once('spawn', resolve)
        shim.once('error', reject)
        shim.unref()
      })
    } finally {
      await environment.close()
    }
  }

  function credentialsOf(spec: ContainerSpec): Credentials {
    if (asRoot) return credentialsAsRoot(spec.securityContext, spec.podSecurityContext)
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
    return credentialsAsUser(own, { container: spec.securityContext, pod: spec.podSecurityContext })
  }

  /** What every process of a container carries, so that it is known even where nothing else is left of its record. */
  function marksOf({
    podUid,
    name,
    attempt,
  }: Pick<ContainerRecord, 'podUid' | 'name' | 'attempt'>): Record<string, string> {
    return {
      GANTRY_CLUSTER: options.clusterUid,
      GANTRY_NODE: options.nodeName,
      GANTRY_POD_UID: podUid,
      GANTRY_CONTAINER: name,
      GANTRY_ATTEMPT: String(attempt),
    }
  }

  function killLeftovers(record: ContainerRecord): void {
    for (const { identity, variable } of processesMarked(marksOf(record))) {
      if (variable('GANTRY_SHIM') === undefined) signal(identity, 'SIGKILL')
    }
  }

  async function stop(id: ContainerId, graceMs: number): Promise<void> {
    const entry = entries.get(id)
    if (entry === undefined) return
    await starting.get(id)?.catch(() => {})
    refresh()
    const ended = (): boolean => (refresh(), entry.status.state.kind === 'exited')
    if (ended()) return
    if (graceMs > 0 && entry.main !== undefined && signal(entry.main, 'SIGTERM'))
      await marks.until(ended, graceMs).catch(() => {})
    if (!ended()) await kill(entry)
    await streamsDone(entry)
  }

  async function kill(entry: Entry): Promise<void> {
    // With the main process its namespace's first one ends, and with that all the others.
    if (entry.main === undefined || !signal(entry.main, 'SIGKILL')) {
      for (const { identity } of processesMarked(marksOf(entry.record))) signal(identity, 'SIGKILL')
      await writeDurably(join(layout.marks, `${entry.record.id}.exited`), '137\n')
    }
    if (!entry.record.isolated) killLeftovers(entry.record)
    await marks.until(() => (refresh(), entry.status.state.kind === 'exited'), killTimeoutMs)
  }

  async function streamsDone(entry: Entry): Promise<void> {
    const home = layout.container(entry.record.id)
    for (let waited = 0; waited < 1000 && !(await streamsWritten(home)); waited += 20) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  async function remove(id: ContainerId): Promise<void> {
    const entry = entries.get(id)
    if (entry === undefined) return
    if (entry.status.state.kind !== 'exited') await stop(id, 0)
    entry.stopNoting?.()
    // The record goes with its folder, the marks before it: marks without a record would outlive everything.
    await Promise.all(['started', 'exited'].map(mark => rm(join(layout.marks, `${id}.${mark}`), { force: true })))
    await rm(layout.container(id), { recursive: true, force: true })
    entries.delete(id)
  }

  function running(id: ContainerId): { entry: Entry; main: ProcessIdentity } {
    const entry = entries.get(id)
    if (entry?.main !== undefined && isAlive(entry.main)) return { entry, main: entry.main }
    throw new Error(`cannot run a command in container ${id}: it is not running`)
  }

  return {
    ofPod: podUid => {
      refresh()
      return [...entries.values()]
        .filter(entry => entry.record.podUid === podUid)
        .map(entry => entry.status)
        .sort((a, b) => a.attempt - b.attempt || (a.name < b.name ? -1 : 1))
    },
    start,
    stop,
    remove,
    async removeOfPod(podUid) {
      pathPart(podUid)
      const ids = [...entries.values()].filter(entry => entry.record.podUid === podUid).map(entry => entry.record.id)
      await Promise.all(ids.map(remove))
    },
    async exec(id, { command, timeoutMs }) {
      const { entry, main } = running(id)
      const init = entry.record.isolated ? parentOf(main) : main.pid
      return execute({
        argv: execArguments({ record: entry.record, asRoot, command }, init ?? main.pid),
        environment: join(layout.container(id), 'env'),
        marks: marksOf(entry.record),
        timeoutMs,
      })
    },
    async *logs(id, request) {
      const entry = entries.get(id)
      if (entry === undefined) return
      const complete = async (): Promise<boolean> => {
        refresh()
        if (entry.status.state.kind !== 'exited') return false
        await streamsDone(entry)
        return true
      }
      yield* readLog({ folder: layout.container(id), complete }, request)
    },
    processesOf(podUid) {
      const ofPod = [...entries.values()].filter(entry => entry.record.podUid === podUid)
      const loose = ofPod.some(entry => !entry.record.isolated)
      const inTrees = ofPod.flatMap(({ main }) => (main === undefined ? [] : descendants(main)))
      return loose
        ? [
            ...inTrees,
            ...processesMarked({ GANTRY_CLUSTER: options.clusterUid, GANTRY_POD_UID: podUid }).map(p => p.identity),
          ]
        : inTrees
    },
    close() {
      marks.close()
      for (const entry of entries.values()) entry.stopNoting?.()
    },
  }
}

/** A volume at the path of a file that every container gets takes its place. */
function withoutCovered(shared: readonly Mount[], volumes: readonly Mount[]): readonly Mount[] {
  const taken = new Set(volumes.map(volume => volume.containerPath))
  return [...shared.filter(mount => !taken.has(mount.containerPath)), ...volumes]
}

function refuseMounts(spec: ContainerSpec, { isolated, refused }: ContainersOptions): void {
  const [first] = spec.mounts
  if (isolated || first === undefined) return
  throw new StartError(
    'CreateContainerConfigError',
    `container ${spec.name} mounts a volume at ${first.containerPath}, and this machine forbids a mount namespace (${refused}): ` +
      'run Gantry as root or allow user namespaces, or use the docker runtime',
  )
}
