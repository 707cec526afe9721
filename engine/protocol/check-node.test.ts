import { expect, test } from 'vitest'
import { parseAgentMessage } from './parse.ts'

const node = { name: 'a', labels: {}, taints: [], status: {} }
const whole = {
  name: 'a',
  labels: { 'kubernetes.io/arch': 'amd64' },
  taints: [{ key: 'gpu', value: 'old', effect: 'NoSchedule' }],
  status: {
    capacity: { cpu: '2', memory: '8Gi' },
    allocatable: { cpu: '1750m' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'AgentReady', message: 'the agent reports' }],
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    images: [{ names: ['web:1'], sizeBytes: 5 }],
    runtimeHandlers: [{ name: 'docker' }],
  },
}

test.each([
  { name: 'nothing but its name', said: node },
  { name: 'all that it can say', said: whole },
])('$name is taken as it is', ({ said }) => {
  expect(parseAgentMessage({ type: 'node', node: said })).toEqual({ type: 'node', node: said })
})

test.each<{ name: string; said: object; words: string }>([
  { name: 'a label that is no text', said: { labels: { a: {} } }, words: 'metadata.labels.a must be text' },
  { name: 'a hole in a list', said: { taints: [null] }, words: 'spec.taints[0] must be a Taint with its fields' },
  { name: 'a taint without an effect', said: { taints: [{ key: 'gpu' }] }, words: 'spec.taints[0].effect is required' },
  { name: 'conditions that are none', said: { status: { conditions: 5 } }, words: 'status.conditions must be a list' },
  {
    name: 'a condition that is neither',
    said: { status: { conditions: [{ type: 'Ready', status: 'Maybe' }] } },
    words: 'status.conditions[0].status must be one of True, False, Unknown',
  },
  {
    name: 'an amount that is none',
    said: { status: { capacity: { cpu: 'lots' } } },
    words: 'status.capacity.cpu must be a quantity',
  },
  { name: 'what no Node has', said: { status: { owner: 'me' } }, words: 'status.owner is not a field of a NodeStatus' },
])('$name ends the session', ({ said, words }) => {
  expect(() => parseAgentMessage({ type: 'node', node: { ...node, ...said } })).toThrow(`the agent's node: ${words}`)
})
