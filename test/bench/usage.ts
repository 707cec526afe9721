/** What processes use, as the kernel counts it. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Of /proc/<pid>/stat on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Resident memory in MB: now, or the most there ever was. */
export function memoryOf(pid: number, which: 'now' | 'peak'): number {
  const field = which === 'now' ? 'VmRSS' : 'VmHWM'
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kilobytes) * 1024) / 1e6
}

/** Percent of one core over so many seconds. */
export async function cpuOf(pid: number, seconds: number): Promise<number> {
  const begun = performance.now()
  const before = cpuSecondsOf(pid)
  await sleep(seconds * 1000)
  return ((cpuSecondsOf(pid) - before) / ((performance.now() - begun) / 1000)) * 100
}

/** What it has used of cores since it started. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in brackets and may itself hold spaces: count after the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
