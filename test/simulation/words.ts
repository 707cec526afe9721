import type { Effects, Event } from '../../engine/core/event.ts'

export function describeEvent(event: Event): string {
  switch (event.kind) {
    case 'joined':
    case 'node':
      return `${event.kind} ${event.node.name}`
    case 'report':
      return `report ${event.node} ${event.pods.map(pod => `${pod.name}${'gone' in pod ? ' gone' : ''}`).join()}`
    case 'revision':
      return `revision ${event.revision.commit}`
    default:
      return 'node' in event ? `${event.kind} ${event.node}` : event.kind
  }
}

export function describeChange({ ref, before, after }: Effects['record'][number]): string {
  return `${before ? (after ? '~' : '-') : '+'}${ref.kind}/${ref.key}`
}
