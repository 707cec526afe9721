import type { Service } from '../../../engine/api/types.ts'
import { addressesOf } from '../../../engine/cluster/index-names.ts'
import { isNodeReady } from '../../../engine/cluster/objects/node-state.ts'
import { isActive, isReady } from '../../../engine/cluster/objects/pod-state.ts'
import type { Step } from '../engine-process.ts'
import { check } from './violation.ts'

/** Endpoints only name ready pods of nodes that are heard of, and no two Services hold one address. */
export function checkRoutes(step: Step): void {
  let pods = false
  let services = false
  for (const { ref, before, after } of step.record) {
    if (ref.kind === 'Pod' || ref.kind === 'EndpointSlice' || ref.kind === 'Node') pods = true
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
      const node = cluster.get('Node', pod?.spec.nodeName ?? '')
      check(node !== undefined && isNodeReady(node), () => `${targetRef?.name} is called ready, and its node is lost`)
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
