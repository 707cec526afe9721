import { once } from '../../api/once.ts'
import { equal } from '../../api/stable.ts'
import type { Endpoint, EndpointSlice } from '../../api/types.ts'
import type { PortGroup } from './endpoints.ts'

export const maxEndpoints = 100

/** The part of an EndpointSlice that changes. */
export type SliceContent = Pick<EndpointSlice, 'endpoints' | 'ports'>

export interface SlicePlan {
  /** Existing slices with what they should hold: those that need no change included. */
  readonly kept: readonly { readonly slice: EndpointSlice; readonly content: SliceContent }[]
  readonly created: readonly SliceContent[]
  readonly deleted: readonly EndpointSlice[]
}

/**
 * Spreads endpoints over slices of at most 100 and moves as few as it can, since each slice that changes goes to every
 * node: an endpoint stays in the slice it is in, a new one goes where there is room, and slices that nothing is left in
 * are filled anew or dropped.
 */
export function planSlices(existing: readonly EndpointSlice[], groups: readonly PortGroup[]): SlicePlan {
  const plans = groups.map(group =>
    planGroup(
      existing.filter(slice => equal(slice.ports, group.ports)),
      group,
    ),
  )
  const used = new Set(plans.flatMap(plan => plan.kept.map(({ slice }) => slice)))
  const free = existing.filter(slice => !used.has(slice))
  const created = plans.flatMap(plan => plan.created)
  // A slice that is not needed any more is written over rather than dropped beside a new one.
  const reused = free.slice(0, created.length).map((slice, i) => ({ slice, content: created[i] ?? empty }))
  return {
    kept: [...plans.flatMap(plan => plan.kept), ...reused],
    created: created.slice(reused.length),
    deleted: free.slice(reused.length),
  }
}

const empty: SliceContent = { endpoints: [], ports: [] }

function planGroup(slices: readonly EndpointSlice[], { ports, endpoints }: PortGroup): Omit<SlicePlan, 'deleted'> {
  const left = new Map(endpoints.map(endpoint => [idOf(endpoint), endpoint]))
  const filled = slices.map(slice => ({ slice, endpoints: takeKnown(slice, left) })).filter(hasEndpoints)
  const rest = [...left.values()]
  // The fullest first: what is nearly empty has a chance to become empty.
  for (const target of [...filled].sort((a, b) => b.endpoints.length - a.endpoints.length)) {
    target.endpoints.push(...rest.splice(0, maxEndpoints - target.endpoints.length))
  }
  const created: SliceContent[] = []
  while (rest.length > 0) created.push({ ports, endpoints: rest.splice(0, maxEndpoints) })
  return {
    kept: filled.map(({ slice, endpoints }) => ({ slice, content: { ports, endpoints } })),
    created,
  }
}

function takeKnown(slice: EndpointSlice, left: Map<string, Endpoint>): Endpoint[] {
  return slice.endpoints.flatMap(known => {
    const endpoint = left.get(idOf(known))
    return endpoint !== undefined && left.delete(idOf(known)) ? [endpoint] : []
  })
}

function hasEndpoints({ endpoints }: { endpoints: readonly Endpoint[] }): boolean {
  return endpoints.length > 0
}

const idOf = once(({ targetRef, addresses }: Endpoint) => `${targetRef?.uid} ${addresses[0]}`)
