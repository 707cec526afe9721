import type { Event } from '../../api/types.ts'
import { formatAge } from '../age.ts'
import { count, nameColumn, printer, text, wide } from './printer.ts'

export const eventPrinter = printer<Event>([
  text('Last Seen', (event, now) => formatAge(event.lastTimestamp, now)),
  text('Type', event => event.type),
  text('Reason', event => event.reason),
  text('Object', eventObject),
  wide(text('Subobject', event => event.involvedObject.fieldPath ?? '')),
  wide(text('Source', eventSource)),
  text('Message', event => event.message.trim()),
  wide(text('First Seen', (event, now) => formatAge(event.firstTimestamp, now))),
  wide(count('Count', event => event.count)),
  wide(nameColumn),
])

/** `pod/web-1`. */
export function eventObject({ involvedObject: { kind, name } }: Event): string {
  return `${kind.toLowerCase()}/${name}`
}

/** `agent, node-1`. */
export function eventSource({ source: { component, host } }: Event): string {
  return host === undefined ? component : `${component}, ${host}`
}
