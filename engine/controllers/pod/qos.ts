import type { Container, PodSpec, PodStatus, ResourceList } from '../../api/types.ts'

/** Which resources decide a pod's class. */
const counted = ['cpu', 'memory'] as const

/** Kubernetes's quality of service: what the node may take from a pod when resources run short. */
export function qosClass(spec: PodSpec): NonNullable<PodStatus['qosClass']> {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  if (containers.every(asksForNothing)) return 'BestEffort'
  return containers.every(asksForExactly) ? 'Guaranteed' : 'Burstable'
}

function asksForNothing({ resources }: Container): boolean {
  return counted.every(name => resources.requests?.[name] === undefined && resources.limits?.[name] === undefined)
}

/** A limit for both, and requests that are equal to the limits or left out. */
function asksForExactly({ resources: { limits, requests } }: Container): boolean {
  return counted.every(name => has(limits, name) && (requests?.[name] ?? limits?.[name]) === limits?.[name])
}

function has(list: ResourceList | undefined, name: string): boolean {
  return list?.[name] !== undefined
}
