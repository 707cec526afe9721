import { expect, test } from 'vitest'
import type { KubeObject } from '../api/types.ts'
import type { AssignmentDelta } from '../protocol/session.ts'
import { Backlog } from './backlog.ts'

function pod(name: string, resourceVersion: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', resourceVersion } }
}
const gone = (name: string) => ({ kind: 'Pod', key: `shop/${name}` })
const delta = (resourceVersion: number, part: Partial<AssignmentDelta>): AssignmentDelta => ({
  full: false,
  resourceVersion,
  put: [],
  delete: [],
  ...part,
})

test.each([
  { name: 'nothing', deltas: [], expected: undefined },
  { name: 'one as it is', deltas: [delta(1, { put: [pod('a', '1')] })], expected: delta(1, { put: [pod('a', '1')] }) },
  {
    name: 'the latest word on an object counts',
    deltas: [delta(1, { put: [pod('a', '1'), pod('b', '1')] }), delta(2, { put: [pod('a', '2')] })],
    expected: delta(2, { put: [pod('a', '2'), pod('b', '1')] }),
  },
  {
    name: 'what came and went is gone: the agent may know an earlier one of its name',
    deltas: [delta(1, { put: [pod('a', '1')] }), delta(2, { delete: [gone('a')] })],
    expected: delta(2, { delete: [gone('a')] }),
  },
  {
    name: 'what went and came is there',
    deltas: [delta(1, { delete: [gone('a')] }), delta(2, { put: [pod('a', '2')] })],
    expected: delta(2, { put: [pod('a', '2')] }),
  },
  {
    name: 'after a full one, what is left of it',
    deltas: [
      delta(1, { put: [pod('z', '1')] }),
      delta(2, { full: true, put: [pod('a', '2'), pod('b', '2')] }),
      delta(3, { delete: [gone('a')] }),
    ],
    expected: delta(3, { full: true, put: [pod('b', '2')] }),
  },
  { name: 'a version alone', deltas: [delta(7, {})], expected: delta(7, {}) },
])('$name', ({ deltas, expected }) => {
  const backlog = new Backlog()
  for (const each of deltas) backlog.add(each)
  expect(backlog.take()).toEqual(expected)
  expect(backlog.take()).toBeUndefined()
})
