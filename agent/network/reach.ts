import type { Condition } from '../../engine/api/types.ts'
import type { NodeNetwork } from './network.ts'

/** Whether the pods of this node and those of the others reach each other, as the Node object says it. Pure. */
export function reachCondition({ mode }: Pick<NodeNetwork, 'mode'>): Condition {
  const type = 'gantry.dev/ReachesOtherNodes'
  return mode === 'bridged'
    ? { type, status: 'True', reason: 'BridgedNetwork', message: 'pods reach the pods and Services of every node' }
    : {
        type,
        status: 'False',
        reason: 'OrdinaryUser',
        message:
          'pods serve and use only what is on this node: without root they have addresses of 127.0.0.0/8, which other ' +
          'nodes cannot reach; a cluster of agents that run as root has none of this',
      }
}
