/** What a `<name>.bench.ts` exports as `bench`: a group of rows. Each runs in a process of its own, so that none inherits another's heap or compiled code. */

export interface Bench {
  /** Why it cannot run on this machine; undefined where it can. */
  refused?(): string | undefined
  /** `own` hears what ends whatever was started, called in the opposite order however the run ends. */
  run(own: (close: Closer) => void): Promise<readonly Row[]>
}

export type Closer = () => void | Promise<void>

export interface Row {
  readonly what: string
  /** `≤ 10 s`; a dash where shared/targets has none. */
  readonly target: string
  readonly measured: string
  /** How many measurements it is made of. */
  readonly runs: number
  /** Whether the target is met; undefined where there is none. */
  readonly met?: boolean
  /** The spread, and what it was compared with. */
  readonly notes: readonly string[]
}

export interface Times {
  /** Milliseconds. */
  readonly times: readonly number[]
  /** The most that `at` may be, in milliseconds. */
  readonly most?: number
  /** Which of the times the target speaks of. */
  readonly at?: 'p50' | 'p99'
  readonly notes?: readonly string[]
}

export function timesRow(what: string, { times, most, at = 'p50', notes = [] }: Times): Row {
  const sorted = times.toSorted((a, b) => a - b)
  const value = percentile(sorted, at)
  const spread = `${milliseconds(sorted[0] ?? 0)} to ${milliseconds(sorted.at(-1) ?? 0)}`
  const other = at === 'p50' ? 'p99' : 'p50'
  return {
    what,
    target: most === undefined ? '–' : `≤ ${milliseconds(most)}${at === 'p99' ? ' p99' : ''}`,
    measured: `${milliseconds(value)}${times.length > 1 ? ` ${at}` : ''}`,
    runs: times.length,
    ...(most === undefined ? {} : { met: value <= most }),
    notes: [
      ...(times.length > 1 ? [spread] : []),
      ...(times.length >= 20 ? [`${other} ${milliseconds(percentile(sorted, other))}`] : []),
      ...notes,
    ],
  }
}

/** A figure in a unit, with the most or the least that it may be. */
export function figureRow(
  what: string,
  figure: { value: number; unit: string; most?: number; least?: number; runs?: number; notes?: readonly string[] },
): Row {
  const { value, unit, most, least, runs = 1, notes = [] } = figure
  const limit = most ?? least
  const met = (most === undefined || value <= most) && (least === undefined || value >= least)
  return {
    what,
    target: limit === undefined ? '–' : `${most === undefined ? '≥' : '≤'} ${number(limit)} ${unit}`,
    measured: `${number(value)} ${unit}`,
    runs,
    ...(limit === undefined ? {} : { met }),
    notes,
  }
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

export function percentile(sorted: readonly number[], at: 'p50' | 'p99'): number {
  const share = at === 'p50' ? 0.5 : 0.99
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    'p50',
  )
}

export function milliseconds(ms: number): string {
  return ms >= 1000 ? `${number(ms / 1000)} s` : `${number(ms)} ms`
}

/** Three digits that mean something. */
function number(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(value >= 10 ? 3 : 2)))
}
