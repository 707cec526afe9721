import type { Event } from '../api/types.ts'
import { eventObject } from '../server/columns/event.ts'
import { formatAge } from '../server/age.ts'
import type { Client } from './client.ts'
import { linesOf } from './client.ts'
import { usageError } from './failure.ts'
import { resolveWanted } from './resource-names.ts'
import { formatRows } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface EventsOptions {
  readonly namespace: string
  readonly allNamespaces: boolean
  readonly for?: string
  readonly watch: boolean
}

/** `gantry events`, oldest first; with `watch`, on as they come. */
export async function events(
  client: Client,
  { options, terminal }: { options: EventsOptions; terminal: Terminal },
): Promise<void> {
  const path = options.allNamespaces ? '/api/v1/events' : `/api/v1/namespaces/${options.namespace}/events`
  const query = new URLSearchParams()
  if (options.for !== undefined) query.set('fieldSelector', await involved(client, options.for))
  const list = await client.get<{ items: readonly Event[]; metadata: { resourceVersion: string } }>(`${path}?${query}`)
  const sorted = [...list.items].sort((a, b) => (a.lastTimestamp < b.lastTimestamp ? -1 : 1))
  const head = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']
  const withNamespace = (event: Event): string[] => {
    const cells = eventCells(event, terminal)
    return options.allNamespaces ? [event.metadata.namespace ?? '', ...cells] : cells
  }
  if (sorted.length === 0 && !options.watch) {
    terminal.note(`No events found${options.allNamespaces ? '.' : ` in ${options.namespace} namespace.`}\n`)
    return
  }
  terminal.write(formatRows([options.allNamespaces ? ['NAMESPACE', ...head] : head, ...sorted.map(withNamespace)]))
  if (!options.watch) return
  query.set('watch', 'true')
  query.set('resourceVersion', list.metadata.resourceVersion)
  for await (const line of linesOf(client.stream(`${path}?${query}`))) {
    const { type, object } = JSON.parse(line) as { type: string; object: Event }
    if (type === 'ADDED' || type === 'MODIFIED') terminal.write(`${withNamespace(object).join('   ')}\n`)
  }
}

function eventCells(event: Event, { colors }: Terminal): string[] {
  const type = event.type === 'Warning' ? colors.yellow(event.type) : event.type
  return [eventAge(event), type, event.reason, eventObject(event), event.message.trim()]
}

/** `5s`, or of an event that came often `5s (x3 over 2m)`. */
export function eventAge(event: Event, now = Date.now()): string {
  const last = formatAge(event.lastTimestamp, now)
  return event.count > 1 ? `${last} (x${event.count} over ${formatAge(event.firstTimestamp, now)})` : last
}

async function involved(client: Client, target: string): Promise<string> {
  if (!target.includes('/')) throw usageError(`--for ${target} does not name an object`, 'write --for deploy/web')
  const [wanted] = await resolveWanted(client, [target])
  return `involvedObject.kind=${wanted?.resource.kind ?? ''},involvedObject.name=${wanted?.name ?? ''}`
}
