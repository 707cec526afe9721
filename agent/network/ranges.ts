import type { NodeNetwork } from './network.ts'

/** The ranges of a cluster that asks for none: the pods' of its first node, and the services'. */
export function defaultRanges(mode: NodeNetwork['mode']): { podCIDR: string; serviceCIDR: string } {
  return mode === 'bridged'
    ? { podCIDR: '10.244.0.0/24', serviceCIDR: '10.96.0.0/16' }
    : { podCIDR: '127.244.0.0/24', serviceCIDR: '127.96.0.0/16' }
}
