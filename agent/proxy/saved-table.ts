/** The last table on disk: a proxy that was killed serves again before anybody tells it what. */
import { writeFileDurably } from '../../machine/files.ts'
import { readJson } from '../../machine/json-file.ts'
import { bootId } from '../../machine/processes.ts'
import { isTable } from './check-table.ts'
import type { ProxyTable } from './table.ts'

interface Saved {
  readonly boot: string
  readonly table: ProxyTable
}

/** Undefined where none is kept of this boot: after one, the addresses of pods mean nothing. Rejects where it is damaged. */
export async function readSavedTable(path: string): Promise<ProxyTable | undefined> {
  const remedy = 'nothing is served until the agent sends the table, which replaces the file'
  const saved = await readJson(path, { is: isSaved, remedy })
  return saved?.boot === bootId() ? saved.table : undefined
}

function isSaved(value: unknown): value is Saved {
  const { boot, table } = { ...(value as Partial<Saved>) }
  return typeof boot === 'string' && isTable(table)
}

/** Keeps the newest of the tables it is given; those that come while one is written are skipped but for the last. */
export function tableSaver(path: string, onError: (error: Error) => void): (table: ProxyTable) => void {
  let next: ProxyTable | undefined
  let writing = false
  async function write(): Promise<void> {
    writing = true
    const boot = bootId()
    while (next !== undefined) {
      const table = next
      next = undefined
      await writeFileDurably(path, JSON.stringify({ boot, table } satisfies Saved), { mode: 0o600 })
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
