import { expect, test } from 'vitest'
import { parseAgentMessage, parseEngineMessage } from './parse.ts'

const pod = { uid: 'u', namespace: 'default', name: 'web' }

test.each([
  { name: 'a heartbeat', message: { type: 'heartbeat' } },
  { name: 'a report of a pod', message: { type: 'report', pods: [{ ...pod, status: { phase: 'Running' } }] } },
  { name: 'a report that a pod is gone', message: { type: 'report', pods: [{ ...pod, gone: true }] } },
  { name: 'a service that is mended', message: { type: 'services', problems: [{ namespace: 'a', name: 'b' }] } },
])('taken: $name', ({ message }) => {
  expect(parseAgentMessage(message)).toEqual(message)
})

test.each([
  { name: 'no object', message: 7, error: 'a message of the agent is not an object' },
  {
    name: 'an unknown type',
    message: { type: '__proto__' },
    error: 'the agent sent a message of unknown type "__proto__"',
  },
  { name: 'no list', message: { type: 'report', pods: {} }, error: 'pods must be array, not object' },
  { name: 'null in a list', message: { type: 'report', pods: [null] }, error: 'pods must be object, not null' },
  {
    name: 'a report without a status',
    message: { type: 'report', pods: [pod] },
    error: 'status must be object, not undefined',
  },
  {
    name: 'an event of nothing',
    message: { type: 'events', events: [{}] },
    error: 'ref must be object, not undefined',
  },
  { name: 'a node without a name', message: { type: 'node', node: {} }, error: 'name must be string, not undefined' },
])('refused: $name', ({ message, error }) => {
  expect(() => parseAgentMessage(message)).toThrow(error)
})

test('an engine that sends half a delta is refused', () => {
  expect(() => parseEngineMessage({ type: 'assign', delta: { full: true } })).toThrow('resourceVersion must be number')
})
