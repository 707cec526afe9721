import type { Pod } from '../api/types.ts'
import { controllerOf } from '../cluster/objects/ownership.ts'
import { hostPortsOf } from './node-info.ts'
import { requestsOf } from './requests.ts'

/** A pod as the scheduler sees it: worked out once, asked about for each of many nodes. */
export interface PodInfo {
  readonly pod: Pod
  readonly requests: readonly (readonly [resource: string, amount: number])[]
  readonly cpu: number
  readonly memory: number
  readonly hostPorts: readonly string[]
  /** The uid of what controls it. */
  readonly owner: string | undefined
}

export function podInfo(pod: Pod): PodInfo {
  const requests = requestsOf(pod.spec)
  return {
    pod,
    requests: [...requests].filter(([, amount]) => amount > 0),
    cpu: requests.get('cpu') ?? 0,
    memory: requests.get('memory') ?? 0,
    hostPorts: hostPortsOf(pod),
    owner: controllerOf(pod)?.uid,
  }
}
