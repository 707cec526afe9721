import { HelperFailure, helper, type Helper } from './helper.ts'

/** Dates in UTC, of which the commit's is the only one that is now. A time is text as RFC 3339 has it. */
export const dateHelpers: Readonly<Record<string, Helper>> = {
  now: helper({ takes: [] }, (_, { time }) => rfc3339(new Date(time() * 1000))),
  /** `date "2006-01-02" (now)`: a layout of Go's. */
  date: helper({ takes: ['text', 'any'] }, ([layout, when]) => written(layout, dateOf(when))),
  htmlDate: helper({ takes: ['any'] }, ([when]) => written('2006-01-02', dateOf(when))),
  unixEpoch: helper({ takes: ['any'] }, ([when]) => String(Math.floor(dateOf(when).getTime() / 1000))),
  toDate: helper({ takes: ['text', 'text'] }, ([, text]) => rfc3339(dateOf(text))),
}

function rfc3339(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z')
}

/** From RFC 3339, or seconds since 1970. */
function dateOf(when: unknown): Date {
  const date =
    typeof when === 'number'
      ? new Date(when * 1000)
      : typeof when === 'string' && iso.test(when)
        ? new Date(when)
        : undefined
  if (date === undefined || Number.isNaN(date.getTime())) {
    throw new HelperFailure('takes a time as 2006-01-02T15:04:05Z, or in seconds', 'write (now) for the commit’s time')
  }
  return date
}

const iso = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d))?$/
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = 'January February March April May June July August September October November December'.split(' ')

const two = (value: number): string => String(value).padStart(2, '0')

/** What each part of a layout stands for; a longer one goes before its own beginning. */
const parts: readonly (readonly [string, (date: Date) => string])[] = [
  ['January', date => months[date.getUTCMonth()] ?? ''],
  ['Jan', date => (months[date.getUTCMonth()] ?? '').slice(0, 3)],
  ['Monday', date => days[date.getUTCDay()] ?? ''],
  ['Mon', date => (days[date.getUTCDay()] ?? '').slice(0, 3)],
  ['MST', () => 'UTC'],
  ['2006', date => String(date.getUTCFullYear())],
  ['Z07:00', () => 'Z'],
  ['-07:00', () => '+00:00'],
  ['-0700', () => '+0000'],
  ['01', date => two(date.getUTCMonth() + 1)],
  ['02', date => two(date.getUTCDate())],
  ['03', date => two(date.getUTCHours() % 12 || 12)],
  ['04', date => two(date.getUTCMinutes())],
  ['05', date => two(date.getUTCSeconds())],
  ['06', date => two(date.getUTCFullYear() % 100)],
  ['15', date => two(date.getUTCHours())],
  ['PM', date => (date.getUTCHours() < 12 ? 'AM' : 'PM')],
  ['_2', date => String(date.getUTCDate()).padStart(2)],
  ['1', date => String(date.getUTCMonth() + 1)],
  ['2', date => String(date.getUTCDate())],
  ['3', date => String(date.getUTCHours() % 12 || 12)],
]
const partPattern = new RegExp(parts.map(([layout]) => layout).join('|'), 'g')
const writers = new Map(parts)

function written(layout: string, date: Date): string {
  return layout.replace(partPattern, part => writers.get(part)?.(date) ?? part)
}
