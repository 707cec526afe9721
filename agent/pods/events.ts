/** What a pod's events say, in the kubelet's words. */
import type { EventReport } from '../../engine/protocol/session.ts'
import type { ProbeKind } from '../probes/judge.ts'
import type { Decision } from './decision.ts'

export type PodEvent = Omit<EventReport, 'ref'>

export function probeEvent({ kind, message }: { kind: ProbeKind; message: string }): PodEvent {
  const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
  return { type: 'Warning', reason: 'Unhealthy', message: `${name} probe failed: ${message}` }
}

/** Told when a container begins to wait, not each time that it still does. */
export function waitingEvents(
  waiting: Decision['waiting'],
  { before, podName }: { before: Decision['waiting']; podName: string },
): readonly PodEvent[] {
  return [...waiting].flatMap(([container, { reason, message }]): readonly PodEvent[] => {
    if (before.get(container)?.reason === reason) return []
    if (reason === 'CrashLoopBackOff') {
      const words = `Back-off restarting failed container ${container} in pod ${podName}`
      return [{ type: 'Warning', reason: 'BackOff', message: words }]
    }
    return reason === 'ImagePullBackOff' ? [{ type: 'Normal', reason: 'BackOff', message: message ?? reason }] : []
  })
}
