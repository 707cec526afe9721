import type { Service } from '../../../engine/api/types.ts'
import { addressesOf } from '../../../engine/cluster/index-names.ts'
import { isActive, isReady } from '../../../engine/cluster/objects/pod-state.ts'
import type { Step } from '../engine-process.ts'
import { check } from './violation.ts'

/** Endpoints only name ready pods, and no two Services hold one address. */
export function checkRoutes(step: Step): void {
  let pods = false
  let services = false
  for (const { ref, before, after } of step.record) {
    if (ref.kind === 'Pod' || ref.kind === 'EndpointSlice') pods = true
    if (ref.kind === 'Service') services ||= !before || !after || before['spec'] !== after['spec']
  }
  if (pods) checkEndpoints(step)
  if (services) checkAddresses(step)
}

function checkEndpoints({ cluster }: Step): void {
  for (const slice of cluster.list('EndpointSlice')) {
    for (const { targetRef, conditions } of slice.endpoints) {
      if (!conditions.ready) continue
      const pod = targetRef && cluster.get('Pod', `${targetRef.namespace}/${targetRef.name}`)
      check(
        pod !== undefined && pod.metadata.uid === targetRef?.uid && isReady(pod) && isActive(pod),
        () => `${slice.metadata.name} calls ${targetRef?.name} ready, which it is not`,
      )
    }
  }
}

function checkAddresses({ cluster }: Step): void {
  const holders = new Map<string, Service>()
  for (const service of cluster.list('Service')) {
    for (const address of addressesOf(service)) {
      const other = holders.get(address)
      check(!other, () => `${service.metadata.name} and ${other?.metadata.name} both hold ${address}`)
      holders.set(address, service)
    }
  }
}
