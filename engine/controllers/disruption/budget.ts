import type { IntOrString, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types.ts'

export interface Counts {
  /** Pods that the budget selects. */
  readonly pods: number
  /** Pods that their controllers are to have: the sum of their `replicas`. */
  readonly scale: number
  /** Selected pods that are Ready and not told to stop. */
  readonly healthy: number
}

export type Allowance = Required<
  Pick<PodDisruptionBudgetStatus, 'expectedPods' | 'currentHealthy' | 'desiredHealthy' | 'disruptionsAllowed'>
>

/**
 * How many of a budget's pods may be taken down now, as Kubernetes's disruption controller counts it. A percentage is of
 * what the controllers are to have, rounded up: of 7 pods, minAvailable 50 % is 4, and maxUnavailable 50 % is 4 too, so
 * that 3 must be there.
 */
export function allowance(
  { minAvailable, maxUnavailable }: PodDisruptionBudget['spec'],
  { pods, scale, healthy }: Counts,
): Allowance {
  const [expectedPods, desiredHealthy] =
    maxUnavailable !== undefined
      ? [scale, Math.max(0, scale - amount(maxUnavailable, scale))]
      : typeof minAvailable === 'number'
        ? [pods, minAvailable]
        : minAvailable === undefined
          ? [0, 0]
          : [scale, amount(minAvailable, scale)]
  const spare = expectedPods === 0 ? 0 : Math.max(0, healthy - desiredHealthy)
  return { expectedPods, currentHealthy: healthy, desiredHealthy, disruptionsAllowed: spare }
}

function amount(value: IntOrString, of: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * of) / 100)
}
