import type { PodDisruptionBudget } from '../../api/types.ts'
import { selectorText } from '../../server/columns/selector-text.ts'

export function describeDisruptionBudget({ metadata, spec, status }: PodDisruptionBudget): readonly string[] {
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = status ?? {}
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    ...(spec.minAvailable === undefined ? [] : [`Min available:\t${spec.minAvailable}`]),
    ...(spec.maxUnavailable === undefined ? [] : [`Max unavailable:\t${spec.maxUnavailable}`]),
    `Selector:\t${spec.selector === undefined ? '<unset>' : (selectorText(spec.selector) ?? '<none>')}`,
    'Status:',
    `    Allowed disruptions:\t${disruptionsAllowed}`,
    `    Current:\t${currentHealthy}`,
    `    Desired:\t${desiredHealthy}`,
    `    Total:\t${expectedPods}`,
  ]
}
