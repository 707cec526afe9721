/** The last table on disk: a proxy that was killed serves again before anybody tells it what. */
import { readFile } from 'node:fs/promises'
import { writeFileDurably } from '../../machine/files.ts'
import { bootId } from '../../machine/processes.ts'
import type { ProxyTable } from './table.ts'

/** Undefined where none is kept of this boot: after one, the addresses of pods mean nothing. */
export async function readSavedTable(path: string): Promise<ProxyTable | undefined> {
  try {
    const { boot, table } = JSON.parse(await readFile(path, 'utf8')) as { boot: string; table: ProxyTable }
    return boot === bootId() && Array.isArray(table.ports) ? table : undefined
  } catch {
    // Absent or damaged alike: the agent sends the table in a moment.
    return undefined
  }
}

/** Keeps the newest of the tables it is given; those that come while one is written are skipped but for the last. */
export function tableSaver(path: string, onError: (error: unknown) => void): (table: ProxyTable) => void {
  let next: ProxyTable | undefined
  let writing = false
  async function write(): Promise<void> {
    writing = true
    const boot = bootId()
    while (next !== undefined) {
      const table = next
      next = undefined
      await writeFileDurably(path, JSON.stringify({ boot, table }), { mode: 0o600 })
    }
  }
  return table => {
    next = table
    if (!writing)
      write()
        .catch(onError)
        .finally(() => (writing = false))
  }
}
