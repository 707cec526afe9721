import type { Condition, Job } from '../../api/types.ts'
import { conditionOf } from './conditions.ts'

/** Complete or Failed, and since when; undefined where more of it may run. */
export function endOf({ status }: Job): Condition | undefined {
  return (['Complete', 'Failed'] as const)
    .map(type => conditionOf(status?.conditions, type))
    .find(condition => condition?.status === 'True')
}

/** Nothing of it will run again. */
export function hasEnded(job: Job): boolean {
  return endOf(job) !== undefined
}
