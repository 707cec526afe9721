import { formatAge } from '../server/age.ts'
import type { HistoryEntry, Rollback } from '../server/controls.ts'
import type { Client } from './client.ts'
import { formatRows } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `gantry history`: desired commits, newest first. */
export async function history(
  client: Client,
  { limit, terminal }: { limit: string; terminal: Terminal },
): Promise<void> {
  const { items } = await client.get<{ items: readonly HistoryEntry[] }>(`/gantry/v1/history?limit=${limit}`)
  if (items.length === 0) {
    terminal.note('No commit has been seen yet; push one\n')
    return
  }
  const now = Date.now()
  const rows = items.map(entry => historyRow(entry, now, terminal))
  terminal.write(formatRows([['', 'COMMIT', 'COMMITTED', 'APPLIED', 'HEALTHY AFTER', 'AUTHOR', 'SUBJECT'], ...rows]))
}

function historyRow(entry: HistoryEntry, now: number, { colors }: Terminal): string[] {
  const { revision, appliedAt, healthyAt, current, refused } = entry
  const healthyAfter =
    appliedAt === undefined || healthyAt === undefined ? undefined : formatAge(appliedAt, Date.parse(healthyAt))
  return [
    current ? colors.green('*') : ' ',
    colors.yellow(revision.commit.slice(0, 7)),
    `${formatAge(new Date(revision.committedAt * 1000).toISOString(), now)} ago`,
    refused === undefined ? (appliedAt === undefined ? '-' : `${formatAge(appliedAt, now)} ago`) : colors.red(refused),
    healthyAfter ?? '-',
    revision.author,
    revision.subject,
  ]
}

/** `gantry rollback [COMMIT]`: one new commit that restores an earlier one. */
export async function rollback(
  client: Client,
  { commit, terminal }: { commit: string | undefined; terminal: Terminal },
): Promise<void> {
  const made = await client.post<Rollback>('/gantry/v1/rollback', commit === undefined ? {} : { commit })
  const { restored } = made
  terminal.write(`${made.commit}\n`)
  terminal.note(
    `Rolled back to ${restored.commit.slice(0, 7)} (${restored.subject}) by the new commit ${made.commit.slice(0, 7)}; ` +
      'git pull brings it into your clone, gantry status shows how it goes\n',
  )
}
