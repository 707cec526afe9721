import type { ClusterSettings } from '../../api/settings.ts'
import type { Node } from '../../api/types.ts'
import { hasJoined, isUnreachable } from '../../cluster/objects/node-state.ts'
import type { Sessions } from '../../cluster/sessions.ts'

interface Listening {
  readonly sessions: Sessions
  readonly settings: ClusterSettings['spec']['nodes']
  /** env.now */
  readonly now: number
}

export interface Silence {
  readonly silent: boolean
  /** Where it is not, when it will have been silent for too long. */
  readonly silentAt?: number
}

/** Whether the node's agent has been silent for too long. */
export function silenceOf(node: Node, { sessions, settings, now }: Listening): Silence {
  if (!hasJoined(node)) return { silent: true }
  const { heardAt, connected } = sessions.of(node.metadata.name, now)
  const silentAt = heardAt + settings.monitorGracePeriodSeconds * 1000
  // A node that was lost before the engine's restart is so until its agent is back.
  if (silentAt <= now || (!connected && isUnreachable(node))) return { silent: true }
  return { silent: false, silentAt }
}
