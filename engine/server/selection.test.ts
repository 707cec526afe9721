import { expect, test } from 'vitest'
import { selectByFields, selectByLabels } from './selection.ts'
import { examplePod } from './server.fixture.ts'
import { podEvents } from './objects.fixture.ts'
import { StatusError } from './status-error.ts'

const pod = examplePod('web-1', { labels: { app: 'web', tier: 'front' } })

test.each([
  ['app=web', true],
  ['app==web,tier!=back', true],
  ['tier in (front, back)', true],
  ['tier notin (front)', false],
  ['app,!legacy', true],
  ['!app', false],
  ['absent!=x', true],
])('labels %s', (text, expected) => {
  expect(selectByLabels(text)(pod)).toBe(expected)
})

test.each([
  ['metadata.name=web-1', true],
  ['metadata.namespace!=default', false],
  ['spec.nodeName=node-1,status.phase!=Succeeded', true],
  ['spec.hostNetwork=false', true],
  ['status.phase=Pending', false],
])('fields of a pod: %s', (text, expected) => {
  expect(selectByFields(text, 'Pod')(pod)).toBe(expected)
})

test('fields of an event', () => {
  const select = selectByFields('involvedObject.name=web-5d8f-abcde,type=Warning,source=agent', 'Event')
  expect(podEvents.filter(select).map(({ reason }) => reason)).toEqual(['BackOff'])
})

test.each([
  ['labels', () => selectByLabels('app in web'), 'cannot read "app in web" in a label selector'],
  ['fields', () => selectByFields('status.phase', 'Pod'), 'cannot read "status.phase" in a field selector'],
  [
    'a field of another kind',
    () => selectByFields('status.phase=x', 'ConfigMap'),
    'field label not supported: status.phase',
  ],
])('refuses %s that make no sense', (_, select, message) => {
  expect(select).toThrow(StatusError)
  expect(select).toThrow(message)
})
