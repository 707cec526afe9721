import { expect, test } from 'vitest'
import { matchesFields, matchesLabels, matchesSelector, parseFieldSelector, parseLabelSelector } from './selector.ts'

test.each([
  { text: 'app=web', labels: { app: 'web' }, matches: true },
  { text: 'app==web', labels: { app: 'web' }, matches: true },
  { text: 'app=web', labels: { app: 'db' }, matches: false },
  { text: 'app=web', labels: {}, matches: false },
  { text: 'app!=web', labels: { app: 'db' }, matches: true },
  { text: 'app!=web', labels: {}, matches: true },
  { text: 'app!=web', labels: { app: 'web' }, matches: false },
  { text: 'tier in (front, back)', labels: { tier: 'back' }, matches: true },
  { text: 'tier in (front,back)', labels: { tier: 'side' }, matches: false },
  { text: 'tier notin (front)', labels: {}, matches: true },
  { text: 'tier notin (front)', labels: { tier: 'front' }, matches: false },
  { text: 'app', labels: { app: '' }, matches: true },
  { text: '!app', labels: { app: '' }, matches: false },
  { text: '!app', labels: {}, matches: true },
  { text: 'a=b,c!=d,e in (x,y),!f', labels: { a: 'b', e: 'y' }, matches: true },
  { text: 'a=b,c!=d,e in (x,y),!f', labels: { a: 'b', e: 'y', f: '' }, matches: false },
  { text: 'app.kubernetes.io/name=web', labels: { 'app.kubernetes.io/name': 'web' }, matches: true },
  { text: 'empty=', labels: { empty: '' }, matches: true },
  { text: '', labels: { any: 'thing' }, matches: true },
  { text: 'constructor', labels: {}, matches: false },
])('"$text" and $labels: $matches', ({ text, labels, matches }) => {
  expect(matchesSelector(parseLabelSelector(text), labels)).toBe(matches)
})

test.each(['a=b,', 'a b', 'a in x', 'a in (x', '=b', 'a=b=c', 'a,,b'])('"%s" is no label selector', text => {
  expect(() => parseLabelSelector(text)).toThrow('in a label selector; write a=b')
})

test('an absent selector matches nothing, an empty one everything', () => {
  expect([matchesSelector(undefined, {}), matchesSelector({}, undefined)]).toEqual([false, true])
  expect([matchesLabels(undefined, {}), matchesLabels({ a: 'b' }, undefined)]).toEqual([true, false])
})

test('a field selector reads as path, operator and value', () => {
  expect(parseFieldSelector('metadata.name=web, status.phase!=Running,spec.nodeName==')).toEqual([
    { path: ['metadata', 'name'], op: '=', value: 'web' },
    { path: ['status', 'phase'], op: '!=', value: 'Running' },
    { path: ['spec', 'nodeName'], op: '=', value: '' },
  ])
  expect(() => parseFieldSelector('web')).toThrow('cannot read "web" in a field selector')
})

test.each([
  { text: 'metadata.name=web', matches: true },
  { text: 'metadata.name!=web', matches: false },
  { text: 'spec.unschedulable=true', matches: true },
  { text: 'spec.nodeName=', matches: true },
  { text: 'status.phase=Running', matches: false },
])('$text: $matches', ({ text, matches }) => {
  const object = { metadata: { name: 'web' }, spec: { unschedulable: true } }
  expect(matchesFields(parseFieldSelector(text), object)).toBe(matches)
})
