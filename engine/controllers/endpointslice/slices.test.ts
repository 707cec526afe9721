import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice } from '../../api/types.ts'
import { maxEndpoints, planSlices } from './slices.ts'

const ports = [{ name: 'http', protocol: 'TCP', port: 8080 }] as const
const otherPorts = [{ name: 'http', protocol: 'TCP', port: 9090 }] as const

function endpoint(id: number): Endpoint {
  const targetRef = { kind: 'Pod', namespace: 'shop', name: `web-${id}`, uid: `uid-${id}` } as const
  return { addresses: [`10.0.0.${id}`], conditions: { ready: true, serving: true, terminating: false }, targetRef }
}
function range(from: number, to: number): Endpoint[] {
  return Array.from({ length: to - from }, (_, i) => endpoint(from + i))
}
function slice(
  name: string,
  endpoints: readonly Endpoint[],
  slicePorts: EndpointSlice['ports'] = ports,
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name },
    addressType: 'IPv4',
    endpoints,
    ports: slicePorts,
  }
}
const sizes = (endpoints: readonly Endpoint[]) => endpoints.map(({ targetRef }) => Number(targetRef?.uid.slice(4)))

test.each([
  { name: 'the first slice', existing: [], wanted: range(0, 2), kept: {}, created: [[0, 1]], deleted: [] },
  {
    name: 'an endpoint stays where it is',
    existing: [slice('a', range(0, 2)), slice('b', range(2, 4))],
    wanted: range(1, 4),
    kept: { a: [1], b: [2, 3] },
    created: [],
    deleted: [],
  },
  {
    name: 'a new one goes to the fullest',
    existing: [slice('a', range(0, 1)), slice('b', range(1, 3))],
    wanted: range(0, 4),
    kept: { a: [0], b: [1, 2, 3] },
    created: [],
    deleted: [],
  },
  {
    name: 'an empty slice goes',
    existing: [slice('a', range(0, 1)), slice('b', range(1, 3))],
    wanted: range(1, 3),
    kept: { b: [1, 2] },
    created: [],
    deleted: ['a'],
  },
  {
    name: 'other ports write the same slice over',
    existing: [slice('a', range(0, 2), otherPorts)],
    wanted: range(0, 2),
    kept: { a: [0, 1] },
    created: [],
    deleted: [],
  },
])('$name', ({ existing, wanted, kept, created, deleted }) => {
  const plan = planSlices(existing, [{ ports, endpoints: wanted }])
  expect({
    kept: Object.fromEntries(plan.kept.map(({ slice, content }) => [slice.metadata.name, sizes(content.endpoints)])),
    created: plan.created.map(({ endpoints }) => sizes(endpoints)),
    deleted: plan.deleted.map(({ metadata }) => metadata.name),
  }).toEqual({ kept, created, deleted })
})

test('no slice holds more than a hundred, and a full one is not touched', () => {
  const full = slice('a', range(0, maxEndpoints))
  const plan = planSlices([full], [{ ports, endpoints: range(0, 250) }])
  expect(plan.kept).toEqual([{ slice: full, content: { ports, endpoints: full.endpoints } }])
  expect(plan.created.map(({ endpoints }) => endpoints.length)).toEqual([100, 50])
})
