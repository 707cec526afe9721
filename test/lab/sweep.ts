/** Removes what labs left that did not live to remove it: their folders and cgroups. All else ended with them. */
import { readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bootId, identify, isAlive } from '../../machine/processes.ts'

/** The mark of everything that a lab leaves on the host. */
export const folderPrefix = 'gantry-lab-'
const cgroups = '/sys/fs/cgroup'

/** The name of the cgroup of a node's containers. */
export function cgroupName(folder: string, node: string): string {
  return `${folder.split('/').at(-1)}-${node}`
}

/** Notes that this process keeps the lab of this folder. */
export function writeOwner(folder: string): void {
  writeFileSync(join(folder, 'owner.json'), JSON.stringify({ boot: bootId(), ...identify(process.pid) }))
}

export async function sweep(): Promise<void> {
  const names = readdirSync(tmpdir()).filter(name => name.startsWith(folderPrefix))
  const kept = names.filter(name => isKept(join(tmpdir(), name)))
  for (const name of names) {
    if (!kept.includes(name)) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
  const controllers = readdirSync(cgroups, { withFileTypes: true }).filter(entry => entry.isDirectory())
  for (const parent of [cgroups, ...controllers.map(({ name }) => join(cgroups, name))]) {
    for (const group of readdirSync(parent).filter(name => name.startsWith(folderPrefix))) {
      if (!kept.some(name => group.startsWith(`${name}-`))) await removeGroup(join(parent, group))
    }
  }
}

function isKept(folder: string): boolean {
  try {
    const { boot, ...owner } = JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as Record<string, unknown>
    return boot === bootId() && isAlive({ pid: Number(owner['pid']), startTime: String(owner['startTime']) })
  } catch {
    return false
  }
}

/** A group whose last process ends at this moment is busy for a little longer. */
async function removeGroup(path: string): Promise<void> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeGroup(join(path, entry.name))
  }
  for (let tries = 0; ; tries++) {
    try {
      rmdirSync(path)
      return
    } catch (error) {
      if (tries === 50) throw error
      await sleep(20)
    }
  }
}
