import { equal } from '../api/stable.ts'
import type { Endpoint, EndpointSlice } from '../api/types.ts'
import type { ObjectChange } from '../cluster/view.ts'

export type Urgency = 'now' | 'soon' | 'later'

/** How soon all nodes are to hear of a change that concerns them all. */
export function urgencyOf({ ref, before, after }: ObjectChange): Urgency {
  // A peer's address is of use once a pod there has endpoints, which come later.
  if (ref.kind === 'Node') return 'soon'
  if (ref.kind !== 'EndpointSlice') return 'now'
  return sliceUrgency(before as EndpointSlice | undefined, after as EndpointSlice | undefined)
}

/** What traffic must leave is told at once, what it may come to soon, and what it does not go to has time. */
function sliceUrgency(before: EndpointSlice | undefined, after: EndpointSlice | undefined): Urgency {
  const was = conditions(before, after)
  const is = conditions(after, before)
  const portsChange = before !== undefined && after !== undefined && !equal(before.ports, after.ports)
  const ids = [...new Set([...was.keys(), ...is.keys()])]
  if ((portsChange && before.endpoints.length > 0) || ids.some(id => isLeft(was.get(id), is.get(id)))) return 'now'
  return ids.some(id => isUsable(was.get(id)) !== isUsable(is.get(id))) ? 'soon' : 'later'
}

type Conditions = Endpoint['conditions']

/** Traffic is to leave the endpoint, or its pod waits to be stopped until nobody sends it any. */
function isLeft(was: Conditions | undefined, is: Conditions | undefined): boolean {
  return (was?.ready === true && is?.ready !== true) || (is?.terminating === true && was?.terminating !== true)
}

/** Proxies use endpoints that are ready, and for want of these such as end but still serve. */
function isUsable(endpoint: Conditions | undefined): boolean {
  return endpoint !== undefined && (endpoint.ready || (endpoint.serving && endpoint.terminating))
}

/** Of the endpoints that are not the very same in the other slice: mostly one of a hundred. */
function conditions(
  slice: EndpointSlice | undefined,
  other: EndpointSlice | undefined,
): ReadonlyMap<string, Conditions> {
  const same = new Set(other?.endpoints)
  const changed = (slice?.endpoints ?? []).filter(endpoint => !same.has(endpoint))
  return new Map(changed.map(({ addresses, targetRef, conditions: are }) => [`${targetRef?.uid} ${addresses[0]}`, are]))
}
