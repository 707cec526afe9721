import { alignTabs } from './tabs.ts'

/** A Table as the server sends it. */
export interface Table {
  readonly metadata?: { readonly resourceVersion?: string }
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[]
  readonly rows: readonly TableRow[]
}
export interface TableRow {
  readonly cells: readonly (string | number)[]
  readonly object?: { readonly metadata: { readonly name: string; readonly namespace?: string } }
}

export interface TableOptions {
  readonly wide: boolean
  readonly withNamespace: boolean
  /** Before each name: `pod/`. */
  readonly prefix?: string
}

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

/** Writes tables piece by piece; columns stay where the first piece put them, or move right. */
export function createTableWriter(options: TableOptions): (table: Table, part: { header: boolean }) => string {
  let columns: Table['columnDefinitions'] = []
  const widths: number[] = []
  return (table, { header }) => {
    if (table.columnDefinitions.length > 0) columns = table.columnDefinitions
    const shown = columns.flatMap((column, index) => (options.wide || column.priority === 0 ? [index] : []))
    const nameIndex = columns.findIndex(({ name }) => name === 'Name')
    const names = shown.map(index => columns[index]?.name.toUpperCase() ?? '')
    const lines = table.rows.map(row => {
      const cells = shown.map(index => cellText(row.cells[index], index === nameIndex ? options.prefix : undefined))
      return options.withNamespace ? [row.object?.metadata.namespace ?? '', ...cells] : cells
    })
    if (header) lines.unshift(options.withNamespace ? ['NAMESPACE', ...names] : names)
    for (const line of lines) {
      line.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)))
    }
    return lines.map(line => `${padded(line, widths)}\n`).join('')
  }
}

function cellText(cell: string | number | undefined, prefix = ''): string {
  const text = prefix + String(cell ?? '')
  // A table has one line a row; what was cut is a describe away.
  const end = text.indexOf('\n')
  return end < 0 ? text : `${text.slice(0, end)}...`
}

function padded(line: readonly string[], widths: readonly number[]): string {
  return line.map((cell, index) => (index === line.length - 1 ? cell : cell.padEnd((widths[index] ?? 0) + 3))).join('')
}

/** A table of our own: the first line is its head. */
export function formatRows(rows: readonly (readonly string[])[]): string {
  return `${alignTabs(rows.map(row => row.join('\t')).join('\n'), 3)}\n`
}
