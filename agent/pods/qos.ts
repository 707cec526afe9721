import { parseQuantity } from '../../engine/api/quantity.ts'
import type { Container, Pod, PodStatus } from '../../engine/api/types.ts'
import { allContainers } from '../spec/containers.ts'

const counted = ['cpu', 'memory'] as const

/** Guaranteed: every container limits both resources and requests just that. BestEffort: none asks for anything. */
export function qosClass(pod: Pod): NonNullable<PodStatus['qosClass']> {
  const containers = allContainers(pod)
  if (containers.every(asksForNothing)) return 'BestEffort'
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable'
}

function asksForNothing({ resources }: Container): boolean {
  return counted.every(name => amount(resources.requests?.[name]) === 0 && amount(resources.limits?.[name]) === 0)
}

function isGuaranteed({ resources }: Container): boolean {
  return counted.every(name => {
    const limit = amount(resources.limits?.[name])
    return limit > 0 && amount(resources.requests?.[name] ?? resources.limits?.[name]) === limit
  })
}

function amount(quantity: string | undefined): number {
  return quantity === undefined ? 0 : parseQuantity(quantity)
}
