/** The containers of a process runtime: started, watched, adopted, stopped. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Uid } from '../../../engine/api/types.ts'
import type {
  ContainerId,
  ContainerSpec,
  ContainerStatusReport,
  ExecOptions,
  LogLine,
  LogOptions,
  RuntimeEvent,
} from '../runtime.ts'
import { StartError } from '../runtime.ts'
import { countersOfProcesses, networkOfProcess } from '../counters.ts'
import type { ContainerCounters } from '../counters.ts'
import type { ContainerStreams } from '../streams.ts'
import { startExec } from './exec.ts'
import { exists, writeFileDurably } from '../../../machine/files.ts'
import { containerId, isContainerRecord, readRecords } from './files.ts'
import type { ContainerRecord, Layout, SandboxRecord } from './files.ts'
import { descendants, identify, isAlive, parentOf, processesMarked, signal } from '../../../machine/processes.ts'
import type { ProcessIdentity } from '../../../machine/processes.ts'
import { intend } from './intent.ts'
import { listenTo } from './listen-to.ts'
import { commandWords, execArguments } from './launch.ts'
import { readLog, streamsWritten } from './log.ts'
import { watchMarks } from './marks.ts'
import { commandOf } from './program.ts'
import { marksOf, spawnShim } from './shim.ts'
import type { Owner } from './shim.ts'
import { killed, readStatus } from './status.ts'
import type { Sighting } from './status.ts'
import { noteTimes } from './times.ts'

export interface ContainersOptions {
  readonly layout: Layout
  readonly owner: Owner
  /** Why containers cannot have namespaces of their own; undefined where they have them. */
  readonly refused: string | undefined
  readonly hidden: readonly string[]
  readonly tell: (event: RuntimeEvent) => void
}

export interface Containers {
  /** By attempt and name. */
  all(): readonly ContainerStatusReport[]
  start(spec: ContainerSpec, sandbox: SandboxRecord): Promise<ContainerStatusReport>
  stop(id: ContainerId, graceMs: number): Promise<void>
  remove(id: ContainerId): Promise<void>
  removeOfPod(podUid: Uid): Promise<void>
  openExec(id: ContainerId, options: ExecOptions): Promise<ContainerStreams>
  attach(id: ContainerId): Promise<ContainerStreams>
  logs(id: ContainerId, options: LogOptions): AsyncIterable<LogLine>
  processesOf(podUid: Uid): readonly ProcessIdentity[]
  usage(): readonly ContainerCounters[]
  close(): void
}

interface Entry {
  readonly record: ContainerRecord
  seen: Sighting
  readonly stopNoting: () => void
}

/** How long a shim may take to say that its process runs, on a machine under load. */
const startTimeoutMs = 30_000
/** How long after SIGKILL a container may take to be gone. */
const killTimeoutMs = 10_000
/** How long the rest of its output may take after a container's end. */
const drainTimeoutMs = 1000
/** How often is looked for what no file tells: a shim killed along with its container. */
const lookEveryMs = 1000

export async function createContainers(options: ContainersOptions): Promise<Containers> {
  const { layout, owner } = options
  const asRoot = process.getuid?.() === 0
  const entries = new Map<ContainerId, Entry>()
  const starting = new Map<ContainerId, Promise<ContainerStatusReport>>()
  for (const record of await readRecords(layout.containers, { file: 'container.json', is: isContainerRecord })) {
    await adopt(record)
  }
  const marks = watchMarks(layout.marks, { onChange: refresh, everyMs: lookEveryMs })

  /** A container that an earlier agent left. */
  async function adopt(record: ContainerRecord): Promise<void> {
    const entry = track(record)
    // Its shim had begun (it holds the lock) and is gone without a word: nothing of it runs, nor ever will.
    const begun =
      entry.seen.status.state.kind === 'created' && (await exists(join(layout.container(record.id), 'lock')))
    if (begun && processesMarked(marksOf(owner, record)).length === 0) {
      await markKilled(record.id)
      entry.seen = readStatus(record, { layout, before: entry.seen })
    }
  }

  function track(record: ContainerRecord): Entry {
    const seen = readStatus(record, { layout })
    const ended = seen.status.state.kind === 'exited'
    const entry = { record, seen, stopNoting: ended ? () => {} : noteTimes(layout.container(record.id)) }
    entries.set(record.id, entry)
    return entry
  }

  /** Looks at what the marks and the processes say now of one container or all; tells what changed. */
  function refresh(id?: ContainerId): void {
    const one = id === undefined ? undefined : entries.get(id)
    for (const entry of id === undefined ? entries.values() : one === undefined ? [] : [one]) look(entry)
  }

  function look(entry: Entry): void {
    const before = entry.seen
    if (before.status.state.kind === 'exited') return
    entry.seen = readStatus(entry.record, { layout, before })
    const { status } = entry.seen
    if (status.state.kind === before.status.state.kind) return
    if (status.state.kind === 'exited') {
      // Without a pid namespace nothing ends what the main process left behind.
      if (!entry.record.isolated) killLeftovers(entry.record)
      void drained(entry).then(entry.stopNoting)
    }
    // One that ended in its set-up never ran: whoever starts it hears of it.
    if (starting.has(entry.record.id) && entry.seen.main === undefined) return
    options.tell({ kind: 'container', podUid: entry.record.podUid, status })
  }

  async function start(spec: ContainerSpec, sandbox: SandboxRecord): Promise<ContainerStatusReport> {
    const id = containerId(spec.podUid, spec)
    const known = entries.get(id)?.seen.status
    if (known !== undefined && known.state.kind !== 'created') return known
    const underWay = starting.get(id) ?? startOnce(spec, sandbox)
    starting.set(id, underWay)
    try {
      return await underWay
    } finally {
      starting.delete(id)
    }
  }

  async function startOnce(spec: ContainerSpec, sandbox: SandboxRecord): Promise<ContainerStatusReport> {
    const id = containerId(spec.podUid, spec)
    const entry = entries.get(id) ?? track(await intend(spec, { ...options, asRoot, sandbox }))
    const command = await commandOf(spec, entry.record.workingDir)
    await spawnShim(entry.record, { owner, layout, asRoot, hostname: sandbox.hostname, command })
    // What an earlier agent's shim did may have been announced before anyone watched.
    look(entry)
    await marks.until(() => entry.seen.status.state.kind !== 'created', startTimeoutMs)
    if (entry.seen.main !== undefined) return entry.seen.status
    // It ended before its command was reached.
    const { state } = entry.seen.status
    const why = state.kind === 'exited' ? state.message?.trim() : undefined
    await discard(id)
    throw new StartError(
      'RunContainerError',
      `container ${spec.name} could not be set up: ${why ?? 'its shim ended without a word'}`,
    )
  }

  function killLeftovers(record: ContainerRecord): void {
    for (const { identity, variable } of processesMarked(marksOf(owner, record))) {
      if (variable('GANTRY_SHIM') === undefined) signal(identity, 'SIGKILL')
    }
  }

  /** All that runs in a container, its first process among them. */
  function processesIn(record: ContainerRecord, main: ProcessIdentity): readonly ProcessIdentity[] {
    if (!record.isolated) return processesMarked(marksOf(owner, record)).map(({ identity }) => identity)
    const first = identify(parentOf(main) ?? main.pid)
    return descendants(first ?? main)
  }

  function hasEnded(entry: Entry): boolean {
    return entry.seen.status.state.kind === 'exited'
  }

  async function stop(id: ContainerId, graceMs: number): Promise<void> {
    // One that is being started is waited for: else it would start after it was stopped.
    await starting.get(id)?.catch(() => {})
    const entry = entries.get(id)
    if (entry === undefined) return
    look(entry)
    if (hasEnded(entry)) return
    const told = graceMs > 0 && entry.seen.main !== undefined && signal(entry.seen.main, 'SIGTERM')
    const ended = told && (await marks.holds(() => hasEnded(entry), graceMs))
    if (!ended) await kill(entry)
    await drained(entry)
  }

  async function kill(entry: Entry): Promise<void> {
    const { main } = entry.seen
    // With the main process its namespace's first one ends, and with that one all the others.
    if (main === undefined || !signal(main, 'SIGKILL')) {
      for (const { identity } of processesMarked(marksOf(owner, entry.record))) signal(identity, 'SIGKILL')
      await markKilled(entry.record.id)
    }
    if (!entry.record.isolated) killLeftovers(entry.record)
    await marks.until(() => hasEnded(entry), killTimeoutMs)
  }

  /** Says in the place of a shim that is gone what it would have said. */
  async function markKilled(id: ContainerId): Promise<void> {
    await writeFileDurably(join(layout.marks, `${id}.exited`), `${killed}\n`, { mode: 0o600 })
  }

  /** Waits until all that a container wrote is in its files. */
  async function drained({ record }: Entry): Promise<void> {
    const end = Date.now() + drainTimeoutMs
    while (Date.now() < end && !(await streamsWritten(layout.container(record.id)))) {
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }

  function logsOf(entry: Entry, request: LogOptions): AsyncIterable<LogLine> {
    const complete = async (): Promise<boolean> => {
      if (!hasEnded(entry)) return false
      await drained(entry)
      return true
    }
    return readLog({ folder: layout.container(entry.record.id), complete }, request)
  }

  async function remove(id: ContainerId): Promise<void> {
    await stop(id, 0)
    await discard(id)
  }

  /** Of a container that has ended. */
  async function discard(id: ContainerId): Promise<void> {
    entries.get(id)?.stopNoting()
    // The marks before the folder: without a record nothing would ever remove them.
    await Promise.all(['started', 'exited'].map(mark => rm(join(layout.marks, `${id}.${mark}`), { force: true })))
    if (entries.delete(id)) await rm(layout.container(id), { recursive: true, force: true })
  }

  return {
    all() {
      refresh()
      return [...entries.values()]
        .map(entry => entry.seen.status)
        .sort((a, b) => a.attempt - b.attempt || (a.name < b.name ? -1 : 1))
    },
    start,
    stop,
    remove,
    async removeOfPod(podUid) {
      const ofPod = [...entries.values()].filter(entry => entry.record.podUid === podUid)
      await Promise.all(ofPod.map(entry => remove(entry.record.id)))
    },
    async openExec(id, { command, stdin, tty }) {
      const { record, seen } = entries.get(id) ?? {}
      if (record === undefined || seen?.main === undefined || !isAlive(seen.main)) {
        throw new Error(`cannot run ${command[0]} in container ${id}: it is not running`)
      }
      // The namespaces are the first process's too; unlike the main one it is not below another user namespace.
      const inside = record.isolated ? (parentOf(seen.main) ?? seen.main.pid) : seen.main.pid
      const launch = { record, asRoot, command, tty }
      return startExec({
        argv: execArguments(launch, inside),
        environment: join(layout.container(id), 'env'),
        marks: marksOf(owner, record),
        folder: layout.container(id),
        owner: record.credentials,
        stdin,
        terminal: tty ? commandWords(launch) : undefined,
      })
    },
    async attach(id) {
      const entry = entries.get(id)
      if (entry?.seen.main === undefined || hasEnded(entry)) {
        throw new Error(`cannot attach to container ${id}: it is not running`)
      }
      return listenTo(
        signal => logsOf(entry, { follow: true, tailLines: 0, signal }),
        () => {
          const { state } = entry.seen.status
          return state.kind === 'exited' ? state.exitCode : undefined
        },
      )
    },
    async *logs(id, request) {
      const entry = entries.get(id)
      if (entry !== undefined) yield* logsOf(entry, request)
    },
    processesOf(podUid) {
      const ofPod = [...entries.values()].filter(entry => entry.record.podUid === podUid)
      if (ofPod.some(entry => !entry.record.isolated)) {
        return processesMarked({ GANTRY_CLUSTER: owner.clusterUid, GANTRY_POD_UID: podUid }).map(
          found => found.identity,
        )
      }
      return ofPod.flatMap(({ seen }) => (seen.main === undefined ? [] : descendants(seen.main)))
    },
    usage() {
      return [...entries.values()].flatMap(({ record, seen }) => {
        if (seen.main === undefined || !isAlive(seen.main)) return []
        const counters = countersOfProcesses(processesIn(record, seen.main))
        return [{ podUid: record.podUid, container: record.name, ...counters, ...networkOfProcess(seen.main.pid) }]
      })
    },
    close() {
      marks.close()
      for (const entry of entries.values()) entry.stopNoting()
    },
  }
}
