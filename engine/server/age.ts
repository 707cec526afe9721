import type { Time } from '../api/types.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** A span as kubectl writes it: `5s`, `2m3s`, `45m`, `5h6m`, `3d4h`, `2y90d`; two units only where the first is small. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 2 * minute) return `${Math.max(0, seconds)}s`
  if (seconds < 10 * minute) return twoUnits(seconds, [minute, 'm'], [1, 's'])
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`
  if (seconds < 8 * hour) return twoUnits(seconds, [hour, 'h'], [minute, 'm'])
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`
  if (seconds < 8 * day) return twoUnits(seconds, [day, 'd'], [hour, 'h'])
  if (seconds < 2 * year) return `${Math.floor(seconds / day)}d`
  if (seconds < 8 * year) return twoUnits(seconds, [year, 'y'], [day, 'd'])
  return `${Math.floor(seconds / year)}y`
}

type Unit = readonly [seconds: number, name: string]

function twoUnits(seconds: number, [large, largeName]: Unit, [small, smallName]: Unit): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)}${largeName}${rest === 0 ? '' : `${rest}${smallName}`}`
}

/** How long ago a moment was. */
export function formatAge(since: Time | undefined, now: number): string {
  return since === undefined ? '<unknown>' : formatDuration(now - Date.parse(since))
}
