import type { Container, Pod, Uid } from '../../engine/api/types.ts'
import type { EventReport } from '../../engine/protocol/session.ts'
import type { NodeNetwork } from '../network/network.ts'
import type { ContainerId, Runtime } from '../runtime/runtime.ts'
import type { Volumes } from '../volumes/volumes.ts'
import type { ResolvConf } from './dns.ts'
import type { Gate } from './gate.ts'
import type { HookTarget } from './hooks.ts'
import type { SpecStore } from './spec-store.ts'

/** What the node gives to every pod. */
export interface Hands {
  readonly network: NodeNetwork
  readonly volumes: Volumes
  readonly specs: SpecStore
  readonly nodeName: string
  /** The machine's own resolv.conf. */
  readonly hostDns: ResolvConf
}

export interface PodFacts extends Hands {
  readonly pod: Pod
  readonly runtime: Runtime
  /** A runtime that is asked for too much at once gets slower. */
  readonly gate: Gate
  readonly ip: string | undefined
  onEvent(event: Omit<EventReport, 'ref'>): void
}

export function hookTarget(
  id: ContainerId,
  { container, facts }: { container: Container; facts: PodFacts },
): Omit<HookTarget, 'timeoutMs'> {
  return { container, id, host: facts.ip ?? facts.network.hostAddress, runtime: facts.runtime }
}

export function uidOf(pod: Pod): Uid {
  return pod.metadata.uid ?? ''
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
