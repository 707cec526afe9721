/** What runs short on this machine. */
import { readFileSync, statfsSync } from 'node:fs'
import type { Condition } from '../engine/api/types.ts'

/** Bytes, inodes, threads. */
export interface Measure {
  readonly memoryAvailable: number
  readonly disk: Share
  /** Of 0 where the filesystem has no fixed number of them. */
  readonly inodes: Share
  readonly threads: Share
}

interface Share {
  readonly free: number
  readonly of: number
}

const mebi = 1024 ** 2
/** The kubelet's --eviction-hard by default; of pid.available, which has none there, its documentation's example. */
export const memoryThreshold = 100 * mebi
export const diskThreshold = 0.1
const inodesThreshold = 0.05
const threadsThreshold = 0.1
/** How long what ran short still counts: the kubelet's --eviction-pressure-transition-period. */
const holdMs = 5 * 60_000

interface Pressure {
  readonly type: 'MemoryPressure' | 'DiskPressure' | 'PIDPressure'
  readonly isShort: (measure: Measure) => boolean
  /** The condition's reason and message where there is enough, and where there is not. */
  readonly enough: readonly [reason: string, message: string]
  readonly short: readonly [reason: string, message: string]
}

const pressures: readonly Pressure[] = [
  {
    type: 'MemoryPressure',
    isShort: ({ memoryAvailable }) => memoryAvailable < memoryThreshold,
    enough: ['AgentHasSufficientMemory', 'the node has sufficient memory available'],
    short: ['AgentHasInsufficientMemory', 'less than 100Mi of memory is available, or was in the last five minutes'],
  },
  {
    type: 'DiskPressure',
    isShort: ({ disk, inodes }) => isBelow(disk, diskThreshold) || isBelow(inodes, inodesThreshold),
    enough: ['AgentHasNoDiskPressure', 'the node has no disk pressure'],
    short: [
      'AgentHasDiskPressure',
      "less than 10 % of the disk of the agent's folder, or 5 % of its inodes, is free, or was in the last five minutes",
    ],
  },
  {
    type: 'PIDPressure',
    isShort: ({ threads }) => isBelow(threads, threadsThreshold),
    enough: ['AgentHasSufficientPID', 'the node has sufficient PID available'],
    short: ['AgentHasInsufficientPID', 'less than 10 % of the PIDs are free, or were in the last five minutes'],
  },
]

function isBelow({ free, of }: Share, share: number): boolean {
  return of > 0 && free < of * share
}

/** When each kind of pressure was last seen, in milliseconds since 1970. */
export type LastShort = Readonly<Partial<Record<Pressure['type'], number>>>

/** The conditions of a node by what was measured now and seen before. A machine on the brink does not flap. */
export function pressureConditions(
  measure: Measure,
  { before, now }: { before: LastShort; now: number },
): { readonly conditions: readonly Condition[]; readonly lastShort: LastShort } {
  const lastShort: LastShort = Object.fromEntries(
    pressures.flatMap(({ type, isShort }) => {
      const at = isShort(measure) ? now : before[type]
      return at === undefined || now - at >= holdMs ? [] : [[type, at]]
    }),
  )
  const conditions = pressures.map(({ type, enough, short }): Condition => {
    const isShort = lastShort[type] !== undefined
    const [reason, message] = isShort ? short : enough
    return { type, status: isShort ? 'True' : 'False', reason, message }
  })
  return { conditions, lastShort }
}

/** Four small reads; nothing is started for it. */
export function measure(folder: string): Measure {
  const disk = statfsSync(folder)
  const [, running = '0'] = /\d+\/(\d+) \d+\s*$/.exec(readFileSync('/proc/loadavg', 'utf8')) ?? []
  const most = Math.min(
    ...['pid_max', 'threads-max'].map(name => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'))),
  )
  const [, available = '0'] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
  return {
    memoryAvailable: Number(available) * 1024,
    disk: { free: disk.bavail, of: disk.blocks },
    inodes: { free: disk.ffree, of: disk.files },
    threads: { free: most - Number(running), of: most },
  }
}
