import { describe, expect, test } from 'vitest'
import { celValue } from './cel-value.ts'
import { compile } from './cel.ts'

const object = JSON.parse(`{
  "__proto__": { "hidden": true },
  "kind": "Deployment",
  "metadata": { "name": "web", "labels": { "app": "web", "__proto__": "x" } },
  "spec": {
    "replicas": 3,
    "share": 1.5,
    "nothing": null,
    "limits": { "memory": "1Gi", "cpu": "1500m" },
    "containers": [{ "image": "a:1" }, { "image": "b:latest" }]
  }
}`)

function evaluate(text: string): unknown {
  return compile(text, { gives: undefined, variables: [] })({ object: celValue(object), variables: {} })
}

describe('what Kubernetes users write in CEL', () => {
  test.each<[string, unknown]>([
    ['object.spec.replicas + 1', 4n],
    ['object.spec.replicas == 3 && object.spec.share > 1.0', true],
    ['has(object.spec.missing)', false],
    ['has(object.metadata.labels) && "app" in object.metadata.labels', true],
    ['object.spec.containers.all(c, c.image.endsWith(":1"))', false],
    ['object.spec.containers.exists(c, c.image.endsWith(":latest"))', true],
    ['object.spec.containers.exists_one(c, c.image.startsWith("a"))', true],
    ['object.spec.containers.map(c, c.image).join(" ")', 'a:1 b:latest'],
    ['object.spec.containers.filter(c, c.image.contains("b")).size()', 1n],
    ['size(object.metadata.name)', 3n],
    ['object.metadata.name.matches("^[a-z]+$")', true],
    ['object.spec.nothing == null', true],
    ['object.?spec.?missing.orValue(7)', 7n],
    ['object.?spec.?replicas.hasValue()', true],
    ['"a-b-a".replace("a", "$&")', '$&-b-$&'],
    ['isQuantity(object.spec.limits.memory) && !isQuantity("many")', true],
    ['quantity(object.spec.limits.memory).isGreaterThan(quantity("1023Mi"))', true],
    ['quantity(object.spec.limits.cpu).isLessThan(quantity("2"))', true],
    ['quantity("1Gi") == quantity("1024Mi")', true],
    ['quantity("-1").sign()', -1n],
    ['quantity("1k").add(quantity("24")).compareTo(quantity("1Ki"))', 0n],
    ['quantity("5").sub(2).asInteger()', 3n],
    ['quantity("100m").isInteger()', false],
    ['quantity("100m").asApproximateFloat()', 0.1],
  ])('%s', (text, value) => expect(evaluate(text)).toEqual({ value }))
})

describe('what fails on this object', () => {
  test.each([
    ['object.spec.missing', 'No such key: missing'],
    ['object.constructor', 'No such key: constructor'],
    ['object.metadata.labels.toString', 'No such key: toString'],
    ['object.__proto__.constructor', 'No such key: constructor'],
    ['object.spec.containers.length', 'No such key: length'],
    ['dyn(quantity(object.spec.limits.memory)).constructor', 'No such key: constructor'],
    ['object.spec.containers[9].image', 'No such key: index out of bounds, index 9 >= size 2'],
    ['object.spec.replicas / 0 == 1', 'division by zero'],
    ['object.kind + 1', 'no such overload: dyn<string> + int'],
    ['quantity(object.kind)', 'not a quantity: "Deployment"; a quantity is a number with a suffix: 250m, 2, 64Mi, 1G'],
    ['quantity("100m").asInteger()', 'the quantity is no whole number'],
  ])('%s', (text, failure) => expect(evaluate(text)).toEqual({ failure }))
})

describe('what makes no sense', () => {
  test.each<{ text: string; gives?: 'bool' | 'string'; message: string }>([
    { text: '1 +', message: 'Unexpected token: EOF at column 4 of the expression' },
    { text: '1 +\n  +', message: 'Unexpected token: PLUS at line 2, column 3 of the expression' },
    { text: 'objct.spec', message: 'Unknown variable: objct at column 1 of the expression' },
    {
      text: 'object.x != oldObject.x',
      message:
        'there is no oldObject at column 13 of the expression: a commit is judged by what it holds, whatever the cluster had before it',
    },
    { text: '"a" + 1', message: 'no such overload: string + int at column 1 of the expression' },
    { text: 'object.spec.replicas + 1', gives: 'bool', message: 'it gives int, not true or false' },
    { text: 'true', gives: 'string', message: 'it gives bool, not text' },
    { text: 'variables.b', message: 'no variable b is defined before it' },
    {
      text: 'object.kind.matches("(a")',
      message: 'Invalid regular expression: /(a/: Unterminated group',
    },
    { text: `${'('.repeat(1000)}1`, message: 'Exceeded maxDepth (250) at column 251 of the expression' },
  ])('$text', ({ text, gives, message }) =>
    expect(() => compile(text, { gives, variables: ['a'] })).toThrow(new RangeError(message)),
  )
})

test('an expression that gives another type than was promised fails', () => {
  const expression = compile('object.spec.replicas', { gives: 'bool', variables: [] })
  expect(expression({ object: celValue(object), variables: {} })).toEqual({ failure: 'it gives no true or false' })
})
