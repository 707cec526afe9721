import type { Pod, Uid } from '../../engine/api/types.ts'
import type { EventReport, PodReport } from '../../engine/protocol/session.ts'
import type { Mirror } from '../mirror.ts'
import type { Prober } from '../probes/prober.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Alarms } from './alarms.ts'
import type { Hands } from './facts.ts'
import type { Gate } from './gate.ts'

/** What all pods of a node share. */
export interface Surroundings {
  readonly hands: Hands
  readonly alarms: Alarms
  readonly prober: Prober
  /** Undefined until the engine's word is known: until then nothing is done. */
  mirror(): Mirror | undefined
  /** True once `gantry down` was asked for. */
  nodeStops(): boolean
  onReport(report: PodReport): void
  onEvent(event: EventReport): void
  /** Nothing of the pod is left on this node. */
  onReleased(uid: Uid): void
}

/** Where the pod's containers run; undefined where this node has no such runtime. */
export type Place = { readonly runtime: Runtime; readonly gate: Gate; isListed(): boolean; relist(): void } | undefined

export function missingRuntime(pod: Pod): string {
  return pod.spec.runtimeClassName === 'process'
    ? 'this node does not run process pods'
    : 'no container runtime: this node has none that runs images; give the node a Docker Engine, or the pod runtimeClassName: process'
}
