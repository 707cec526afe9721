import { expect, test } from 'vitest'
import { applyOperations, readOperations } from './json-patch.ts'
import { kubernetesSchemas } from './merge-schema.ts'
import { strategicMerge } from './strategic-merge.ts'

const pod = (spec: object): Record<string, unknown> => ({ apiVersion: 'v1', kind: 'Pod', spec })
const thing = (spec: object): Record<string, unknown> => ({ apiVersion: 'example.com/v1', kind: 'Thing', spec })

test.each([
  {
    name: 'items with equal keys are merged, those of the patch come first',
    object: pod({ containers: [{ name: 'a', image: '1' }, { name: 'b' }] }),
    patch: pod({ containers: [{ name: 'c' }, { name: 'a', tty: true }] }),
    gives: pod({ containers: [{ name: 'c' }, { name: 'a', image: '1', tty: true }, { name: 'b' }] }),
  },
  {
    name: 'an item, a field and a map go',
    object: pod({ containers: [{ name: 'a' }, { name: 'b' }], hostname: 'x', securityContext: {} }),
    patch: pod({
      containers: [{ name: 'a', $patch: 'delete' }],
      hostname: null,
      securityContext: { $patch: 'delete' },
    }),
    gives: pod({ containers: [{ name: 'b' }] }),
  },
  {
    name: 'a list is replaced as a whole where it says so, or has no key',
    object: pod({ containers: [{ name: 'a' }], tolerations: [{ key: 'x' }] }),
    patch: pod({ containers: [{ name: 'b' }, { $patch: 'replace' }], tolerations: [{ key: 'y' }] }),
    gives: pod({ containers: [{ name: 'b' }], tolerations: [{ key: 'y' }] }),
  },
  {
    name: 'the lists of a kind that is not known are replaced',
    object: thing({ containers: [{ name: 'a' }], kept: null }),
    patch: thing({ containers: [{ name: 'b' }] }),
    gives: thing({ containers: [{ name: 'b' }], kept: null }),
  },
  { name: 'the object itself goes', object: pod({}), patch: { $patch: 'delete' }, gives: undefined },
])('$name', ({ object, patch, gives }) => {
  expect(strategicMerge(object, { patch, schemas: kubernetesSchemas })).toEqual(gives)
})

test.each([
  { patch: { spec: [] }, says: 'spec is a mapping, and in the patch a list' },
  { patch: { spec: { containers: {} } }, says: 'spec.containers is a list, and in the patch a mapping' },
  { patch: { $patch: 'erase' }, says: '$patch must be delete, replace or merge, not "erase"' },
])('a patch that does not fit: $says', ({ patch, says }) => {
  expect(() => strategicMerge(pod({ containers: [] }), { patch, schemas: kubernetesSchemas })).toThrow(says)
})

test.each([
  { patch: [{ op: 'add', path: '/a/-', value: 3 }], gives: { a: [1, 2, 3] } },
  { patch: [{ op: 'add', path: '/a/0', value: 0 }], gives: { a: [0, 1, 2] } },
  { patch: [{ op: 'remove', path: '/a/-1' }], gives: { a: [1] } },
  { patch: [{ op: 'add', path: '/x~1y~0z', value: 1 }], gives: { a: [1, 2], 'x/y~z': 1 } },
  { patch: [{ op: 'move', from: '/a', path: '/b' }], gives: { b: [1, 2] } },
  { patch: [{ op: 'test', path: '/a', value: [1, 2] }], gives: { a: [1, 2] } },
  { patch: [{ op: 'add', path: '/__proto__', value: {} }], gives: JSON.parse('{"a":[1,2],"__proto__":{}}') },
])('$patch', ({ patch, gives }) => {
  const object = { a: [1, 2] }
  applyOperations(object, readOperations(patch))
  expect(JSON.stringify(object)).toBe(JSON.stringify(gives))
})

test.each([
  { patch: [{ op: 'remove', path: '/b' }], says: 'nothing is at the path /b' },
  { patch: [{ op: 'replace', path: '/a/2', value: 1 }], says: 'the path /a/2 has no item 2: the list has 2' },
  { patch: [{ op: 'add', path: '/b/c', value: 1 }], says: 'nothing is at the path /b/c' },
  { patch: [{ op: 'test', path: '/a', value: [2] }], says: 'the value at /a is not what "test" says' },
  { patch: [{ op: 'set', path: '/a' }], says: 'operation 1 has no op of add, remove' },
  { patch: [{ op: 'add', path: 'a', value: 1 }], says: 'the path a does not begin with a slash' },
])('$says', ({ patch, says }) => {
  expect(() => applyOperations({ a: [1, 2] }, readOperations(patch))).toThrow(says)
})
