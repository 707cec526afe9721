import type { UnitTrace } from '../render/trace.ts'
import { formatRows } from './table.ts'

/** As many files of a unit as a line names. */
const filesShown = 3

/** Which unit, from which files, known from before or not, and the time that it took: a line a unit, in the order of their names. */
export function explainUnits(traces: readonly UnitTrace[]): string {
  const rows = inOrder(traces).map(({ unit, files, cache, milliseconds }) => [
    unit,
    cache,
    cache === 'hit' ? '-' : `${milliseconds.toFixed(1)}ms`,
    filesOf(files),
  ])
  return formatRows([['UNIT', 'CACHE', 'TIME', 'FILES'], ...rows])
}

export function inOrder(traces: readonly UnitTrace[]): UnitTrace[] {
  return traces.toSorted((a, b) => (a.unit < b.unit ? -1 : 1))
}

function filesOf(files: readonly string[]): string {
  const more = files.length - filesShown
  return [...files.slice(0, filesShown), ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
