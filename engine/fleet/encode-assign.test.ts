import { expect, test } from 'vitest'
import type { KubeObject } from '../api/types.ts'
import { encodeLine } from '../protocol/lines.ts'
import type { AssignmentDelta } from '../protocol/session.ts'
import { encodeAssign } from './encode-assign.ts'

function object(kind: string, name: string): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, annotations: { note: '"put":[] $& $1\n' } } }
}

function text(delta: AssignmentDelta): string {
  return Buffer.concat(encodeAssign(delta)).toString()
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
  expect(read(text(delta))).toEqual(read(encodeLine({ type: 'assign', delta })))
  expect(text(delta).endsWith('\n')).toBe(true)
})

test('an object that changed is told as it is now', () => {
  const before = object('Service', 'web')
  const after = { ...before, metadata: { name: 'web', labels: { version: '2' } } }
  const told = (put: KubeObject): string => text({ full: false, resourceVersion: 1, put: [put], delete: [] })
  expect(told(before)).not.toContain('"version":"2"')
  expect(told(after)).toContain('"version":"2"')
})

test('what all agents are told is in memory once, however many are told', () => {
  const slice = object('EndpointSlice', 'web-1')
  const told = (resourceVersion: number) =>
    encodeAssign({ full: false, resourceVersion, put: [object('Pod', 'web-1'), slice], delete: [] })
  const another = new Set(told(1))
  expect(told(2).filter(piece => piece.length > 10 && another.has(piece))).toEqual([Buffer.from(JSON.stringify(slice))])
})
