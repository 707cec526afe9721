import { equal } from '../api/stable.ts'
import type { Endpoint, EndpointSlice } from '../api/types.ts'
import type { ObjectChange } from '../cluster/view.ts'

/** How soon all nodes are to hear of a change. */
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
  const was = uses(before)
  const is = uses(after)
  if ([...was].some(([id, use]) => use === 'ready' && is.get(id) !== 'ready')) return 'now'
  if (was.size > 0 && after && !equal(before?.ports, after.ports)) return 'now'
  return was.size === is.size && [...was].every(([id, use]) => is.get(id) === use) ? 'later' : 'soon'
}

type Use = 'ready' | 'spare'

/** The endpoints that proxies may use: those that are ready, and for want of these such as end but still serve. */
function uses(slice: EndpointSlice | undefined): ReadonlyMap<string, Use> {
  const found = new Map<string, Use>()
  for (const { addresses, targetRef, conditions } of slice?.endpoints ?? []) {
    const use = useOf(conditions)
    if (use !== undefined) found.set(`${targetRef?.uid} ${addresses[0]}`, use)
  }
  return found
}

function useOf({ ready, serving, terminating }: Endpoint['conditions']): Use | undefined {
  if (ready === true) return 'ready'
  return serving === true && terminating === true ? 'spare' : undefined
}
