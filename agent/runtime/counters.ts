/** What the kernel counts of processes, in /proc and in control groups: a few small files a container. */
import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Uid } from '../../engine/api/types.ts'
import type { ProcessIdentity } from '../../machine/processes.ts'

export interface Counters {
  /** Since the start. */
  readonly cpuNanoseconds: number
  /** Now. */
  readonly memoryBytes: number
  /** Of the network that the containers of the pod share, or of the machine's way out; absent where there is none. */
  readonly network?: NetworkCounters
}

/** Since the start. */
export interface NetworkCounters {
  readonly receivedBytes: number
  readonly transmittedBytes: number
}

export interface ContainerCounters extends Counters {
  readonly podUid: Uid
  readonly container: string
}

/** Linux counts in hundredths of a second wherever programs can see. */
const tickNanoseconds = 10_000_000
const pageBytes = 4096

/** A process that has ended counts for the one that waited for it: so the sum never falls while the first one lives. */
export function countersOfProcesses(processes: readonly ProcessIdentity[]): Counters {
  let [ticks, memoryBytes] = [0, 0]
  for (const { pid } of processes) {
    const stat = read(`/proc/${pid}/stat`)
    if (stat === undefined) continue
    // utime, stime, cutime and cstime: fields 14 to 17, of which the second may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    memoryBytes += memoryOf(pid)
  }
  return { cpuNanoseconds: ticks * tickNanoseconds, memoryBytes }
}

/** Its share of what it holds along with others; all that it holds, where the share may not be read. */
function memoryOf(pid: number): number {
  const share = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1]
  if (share !== undefined) return Number(share) * 1024
  return Number(read(`/proc/${pid}/statm`)?.split(' ')[1] ?? 0) * pageBytes
}

/** Of the control group that a process is in; undefined where its files are not there to read. */
export function countersOfGroup(pid: number, root = '/sys/fs/cgroup'): Counters | undefined {
  const groups = (read(`/proc/${pid}/cgroup`) ?? '').split('\n').map(line => /^\d+:([^:]*):(.*)$/.exec(line))
  const folder = (controller: string): string | undefined => {
    const [, controllers, path] = groups.find(group => group?.[1]?.split(',').includes(controller)) ?? []
    return controllers === undefined || path === undefined ? undefined : join(root, controllers, path)
  }
  const [cpu, memory] = [folder('cpuacct'), folder('memory')]
  if (cpu !== undefined && memory !== undefined) {
    return counters(read(join(cpu, 'cpuacct.usage')), {
      held: read(join(memory, 'memory.usage_in_bytes')),
      reclaimable: /^total_inactive_file (\d+)$/m.exec(read(join(memory, 'memory.stat')) ?? '')?.[1],
    })
  }
  const unified = folder('')
  if (unified === undefined) return undefined
  const microseconds = /^usage_usec (\d+)$/m.exec(read(join(unified, 'cpu.stat')) ?? '')?.[1]
  return counters(microseconds === undefined ? undefined : `${microseconds}000`, {
    held: read(join(unified, 'memory.current')),
    reclaimable: /^inactive_file (\d+)$/m.exec(read(join(unified, 'memory.stat')) ?? '')?.[1],
  })
}

function counters(
  nanoseconds: string | undefined,
  { held, reclaimable = '0' }: { held: string | undefined; reclaimable: string | undefined },
): Counters | undefined {
  if (nanoseconds === undefined || held === undefined) return undefined
  return { cpuNanoseconds: Number(nanoseconds), memoryBytes: Math.max(0, Number(held) - Number(reclaimable)) }
}

/** Of the whole machine. */
export function countersOfMachine(): Counters {
  const cpu = read('/proc/stat')?.split('\n')[0]?.trim().split(/\s+/).slice(1, 9).map(Number) ?? []
  // Idle and waiting for a disk are no work.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = cpu
  const memory = read('/proc/meminfo') ?? ''
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(memory)?.[1] ?? 0) * 1024
  return {
    cpuNanoseconds: (user + nice + system + irq + softirq + steal) * tickNanoseconds,
    memoryBytes: bytes('MemTotal') - bytes('MemAvailable'),
    ...networkCounters('/proc/self/net/dev', name => name === wayOut()),
  }
}

/** Of the network that a process has to itself or shares with its pod; nothing where it is the machine's. */
export function networkOfProcess(pid: number): Pick<Counters, 'network'> {
  const own = namespaceOf(pid)
  if (own === undefined || own === namespaceOf('self')) return {}
  return networkCounters(`/proc/${pid}/net/dev`, name => name !== 'lo')
}

function networkCounters(file: string, counts: (name: string) => boolean): Pick<Counters, 'network'> {
  const interfaces = [...(read(file) ?? '').matchAll(/^\s*(\S+):\s*(\d+)(?:\s+\d+){7}\s+(\d+)/gm)].filter(
    ([, name = '']) => counts(name),
  )
  if (interfaces.length === 0) return {}
  const sum = (column: 2 | 3): number => interfaces.reduce((total, line) => total + Number(line[column]), 0)
  return { network: { receivedBytes: sum(2), transmittedBytes: sum(3) } }
}

/** The interface of the default route. */
function wayOut(): string | undefined {
  return /^(\S+)\t00000000\t/m.exec(read('/proc/self/net/route') ?? '')?.[1]
}

function namespaceOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined
  }
}

/** A process may end at any moment, and its group with it. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
