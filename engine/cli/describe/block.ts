import type { Event, KubeObject, ObjectMeta, Time } from '../../api/types.ts'
import { eventAge } from '../events.ts'

/** Reads a list from the server. */
export type ReadList = <T extends KubeObject>(path: string, query?: Record<string, string>) => Promise<readonly T[]>

/** Lines about an object; tabs separate cells that are aligned afterwards. */
export type Describer<T extends KubeObject> = (
  object: T,
  read: ReadList,
) => readonly string[] | Promise<readonly string[]>

export function indent(lines: readonly string[], by = '  '): string[] {
  return lines.map(line => by + line)
}

/** `Labels:\ta=1`, the further ones below it. */
export function pairLines(
  title: string,
  pairs: Readonly<Record<string, string>> | undefined,
  separator: '=' | ': ',
): string[] {
  const entries = Object.entries(pairs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return [`${title}\t<none>`]
  return entries.map(([key, value], index) => `${index === 0 ? title : ''}\t${key}${separator}${value}`)
}

export function labelLines(metadata: Pick<ObjectMeta, 'labels'> | undefined): string[] {
  return pairLines('Labels:', metadata?.labels, '=')
}

export function annotationLines(metadata: Pick<ObjectMeta, 'annotations'> | undefined): string[] {
  return pairLines('Annotations:', metadata?.annotations, ': ')
}

export function controllerLines({ ownerReferences }: ObjectMeta): string[] {
  const controller = (ownerReferences ?? []).find(owner => owner.controller === true)
  return controller === undefined ? [] : [`Controlled By:\t${controller.kind}/${controller.name}`]
}

/** `title:\ta`, the further ones below it, or `<none>`. */
export function listLines(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [`${title}\t<none>`] : items.map((item, index) => `${index === 0 ? title : ''}\t${item}`)
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Fri, 20 Nov 2026 19:39:44 +0000`, in the zone of whoever reads it. */
export function longTime(time: Time | undefined): string {
  if (time === undefined) return '<unset>'
  const date = new Date(time)
  const day = `${weekdays[date.getDay()]}, ${twoDigits(date.getDate())} ${months[date.getMonth()]} ${date.getFullYear()}`
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${twoDigits(Math.floor(Math.abs(offset) / 60))}${twoDigits(Math.abs(offset) % 60)}`
  return `${day} ${clock} ${zone}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

/** What happened to the object, oldest first. */
export function eventLines(events: readonly Event[]): string[] {
  if (events.length === 0) return ['Events:\t<none>']
  const sorted = [...events].sort((a, b) =>
    a.lastTimestamp < b.lastTimestamp ? -1 : a.lastTimestamp > b.lastTimestamp ? 1 : 0,
  )
  return [
    'Events:',
    '  Type\tReason\tAge\tFrom\tMessage',
    '  ----\t------\t----\t----\t-------',
    ...sorted.map(
      event =>
        `  ${event.type}\t${event.reason}\t${eventAge(event)}\t${event.source.component}\t${event.message.trim()}`,
    ),
  ]
}
