import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice, KubeObject } from '../api/types.ts'
import { urgencyOf } from './urgency.ts'

type State = 'ready' | 'starting' | 'ending' | 'ended'

/** Endpoints by the last byte of their address, on one port. */
function slice(endpoints: Record<number, State>, port = 80): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'shop' },
    addressType: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port }],
    endpoints: Object.entries(endpoints).map(([id, state]) => endpoint(id, state)),
  }
}

function endpoint(id: string, state: State): Endpoint {
  return {
    addresses: [`10.244.0.${id}`],
    conditions: {
      ready: state === 'ready',
      serving: state === 'ready' || state === 'ending',
      terminating: state === 'ending' || state === 'ended',
    },
    targetRef: { kind: 'Pod', namespace: 'shop', name: `web-${id}`, uid: `uid-${id}` },
  }
}

function service(): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' } }
}

function node(): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } }
}

test.each<{ name: string; before?: KubeObject; after?: KubeObject; urgency: string }>([
  { name: 'a pod fails its probe', before: slice({ 1: 'ready' }), after: slice({ 1: 'starting' }), urgency: 'now' },
  { name: 'a pod is told to stop', before: slice({ 1: 'ready' }), after: slice({ 1: 'ending' }), urgency: 'now' },
  {
    name: 'a pod is gone at once',
    before: slice({ 1: 'ready', 2: 'ready' }),
    after: slice({ 2: 'ready' }),
    urgency: 'now',
  },
  {
    name: 'one comes as another goes',
    before: slice({ 1: 'ready' }),
    after: slice({ 1: 'ended', 2: 'ready' }),
    urgency: 'now',
  },
  { name: 'a slice with ready pods goes', before: slice({ 1: 'ready' }), urgency: 'now' },
  { name: 'the port changes', before: slice({ 1: 'ready' }), after: slice({ 1: 'ready' }, 81), urgency: 'now' },
  { name: 'a pod becomes ready', before: slice({ 1: 'starting' }), after: slice({ 1: 'ready' }), urgency: 'soon' },
  { name: 'a slice with ready pods comes', after: slice({ 1: 'ready' }), urgency: 'soon' },
  {
    name: 'a pod that ends serves no more',
    before: slice({ 1: 'ending' }),
    after: slice({ 1: 'ended' }),
    urgency: 'soon',
  },
  {
    name: 'a pod starts',
    before: slice({ 1: 'ready' }),
    after: slice({ 1: 'ready', 2: 'starting' }),
    urgency: 'later',
  },
  {
    name: 'a pod that is not ready is told to stop',
    before: slice({ 1: 'starting' }),
    after: slice({ 1: 'ended' }),
    urgency: 'now',
  },
  { name: 'a pod that has ended is gone', before: slice({ 1: 'ended' }), after: slice({}), urgency: 'later' },
  { name: 'an empty slice comes', after: slice({}), urgency: 'later' },
  { name: 'an empty slice goes', before: slice({}), urgency: 'later' },
  { name: 'a Service comes', after: service(), urgency: 'now' },
  { name: 'a node comes', after: node(), urgency: 'soon' },
])('$name: $urgency', ({ before, after, urgency }) => {
  const { kind = '' } = { ...(after ?? before) }
  const change = { ref: { kind, key: 'shop/web' }, resourceVersion: 1, decided: true }
  expect(urgencyOf({ ...change, ...(before && { before }), ...(after && { after }) })).toBe(urgency)
})
