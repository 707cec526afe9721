import type { Condition, PodStatus } from '../../api/types.ts'
import { drainedCondition } from '../../protocol/session.ts'

/** Conditions that the engine writes; an agent's report leaves them as they are. */
const engineConditions: ReadonlySet<string> = new Set(['PodScheduled', 'DisruptionTarget', drainedCondition])

/** A pod's status after a report: the agent's word, but for the conditions that are the engine's. */
export function reportedStatus(known: PodStatus | undefined, reported: PodStatus): PodStatus {
  const kept = (known?.conditions ?? []).filter(({ type }) => engineConditions.has(type))
  const told = (reported.conditions ?? []).filter(({ type }) => !engineConditions.has(type))
  const conditions: readonly Condition[] = [...kept, ...told]
  const qosClass = reported.qosClass ?? known?.qosClass
  return { ...reported, conditions, ...(qosClass === undefined ? {} : { qosClass }) }
}
