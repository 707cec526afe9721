import { expect, test } from 'vitest'
import type { KubeObject } from '../api/types.ts'
import { encodeLine } from '../protocol/lines.ts'
import type { AssignmentDelta } from '../protocol/session.ts'
import { encodeAssign } from './encode-assign.ts'

function object(kind: string, name: string): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, annotations: { note: '"put":[] $& $1\n' } } }
}

const service = object('Service', 'web')

test.each<{ name: string; delta: AssignmentDelta }>([
  { name: 'nothing', delta: { full: true, resourceVersion: 1, put: [], delete: [] } },
  {
    name: 'objects of one node and of all, among them one that was told before',
    delta: { full: false, resourceVersion: 7, put: [service, object('Pod', 'web-1'), service], delete: [] },
  },
  {
    name: 'what is gone, with a name that looks like the message',
    delta: { full: false, resourceVersion: 8, put: [service], delete: [{ kind: 'Pod', key: 'shop/"put":[]' }] },
  },
])('a message that holds $name reads as any other', ({ delta }) => {
  const read = (line: string): unknown => JSON.parse(line)
  expect(read(encodeAssign(delta))).toEqual(read(encodeLine({ type: 'assign', delta })))
  expect(encodeAssign(delta).endsWith('\n')).toBe(true)
})

test('an object that changed is told as it is now', () => {
  const before = object('Service', 'web')
  const after = { ...before, metadata: { name: 'web', labels: { version: '2' } } }
  const told = (put: KubeObject): string => encodeAssign({ full: false, resourceVersion: 1, put: [put], delete: [] })
  expect(told(before)).not.toContain('"version":"2"')
  expect(told(after)).toContain('"version":"2"')
})
