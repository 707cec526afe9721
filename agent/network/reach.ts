import type { Condition } from '../../engine/api/types.ts'
import type { NodeNetwork } from './network.ts'

/** Whether the pods of this node and those of the others reach each other, as the Node object says it. Pure. */
export function reachCondition({ apart }: Pick<NodeNetwork, 'apart'>): Condition {
  const type = 'gantry.dev/ReachesOtherNodes'
  return apart === undefined
    ? { type, status: 'True', reason: 'BridgedNetwork', message: 'pods reach the pods and Services of every node' }
    : { type, status: 'False', ...apart }
}
