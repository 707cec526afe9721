import { toTime } from '../../api/time.ts'
import type { Condition } from '../../api/types.ts'

export function conditionOf(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find(condition => condition.type === type)
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditionOf(conditions, type)?.status === 'True'
}

/** The list with this condition in it; its lastTransitionTime moves only when its status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition,
  now: number,
): readonly Condition[] {
  const before = conditionOf(conditions, condition.type)
  const lastTransitionTime =
    before?.status === condition.status && before.lastTransitionTime !== undefined
      ? before.lastTransitionTime
      : toTime(now)
  const next: Condition = { ...condition, lastTransitionTime }
  return before ? (conditions ?? []).map(known => (known === before ? next : known)) : [...(conditions ?? []), next]
}

export function withoutCondition(conditions: readonly Condition[] | undefined, type: string): readonly Condition[] {
  return (conditions ?? []).filter(condition => condition.type !== type)
}
