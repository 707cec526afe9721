/**
 * Aligns cells that are separated by tabs, as Go's text/tabwriter does and thus kubectl: the cells of neighbouring lines
 * form a column for as long as each line has one there; what follows a line's last tab is not part of a column.
 */
export function alignTabs(text: string, padding = 2): string {
  const lines = text.split('\n').map(line => line.split('\t'))
  const widths = lines.map(cells => cells.map(() => 0))

  function measure(from: number, to: number, column: number): void {
    for (let line = from; line < to;) {
      const start = line
      let width = padding
      while (line < to && (lines[line]?.length ?? 0) > column + 1) {
        width = Math.max(width, displayWidth(lines[line]?.[column] ?? '') + padding)
        line++
      }
      if (line === start) {
        line++
        continue
      }
      for (const row of widths.slice(start, line)) row[column] = width
      measure(start, line, column + 1)
    }
  }
  measure(0, lines.length, 0)

  return lines
    .map((cells, line) =>
      cells
        .map((cell, column) => {
          const width = column === cells.length - 1 ? 0 : (widths[line]?.[column] ?? 0)
          return cell + ' '.repeat(Math.max(0, width - displayWidth(cell)))
        })
        .join(''),
    )
    .join('\n')
}

// eslint-disable-next-line no-control-regex
const colorCodes = /\u001B\[\d+m/g

function displayWidth(text: string): number {
  return [...text.replaceAll(colorCodes, '')].length
}
