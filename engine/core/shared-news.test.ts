import { expect, test } from 'vitest'
import type { EndpointSlice } from '../api/types.ts'
import { SharedNews } from './shared-news.ts'

/** A slice with one pod, ready or not. */
function slice(ready: boolean): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'shop' },
    addressType: 'IPv4',
    ports: [],
    endpoints: [{ addresses: ['10.244.0.1'], conditions: { ready, serving: ready, terminating: false } }],
  }
}
const changes = {
  starts: { after: slice(false) },
  ready: { before: slice(false), after: slice(true) },
  lost: { before: slice(true), after: slice(false) },
}

/** What happens (`ready a`) at which moment (ms), and what so many nodes are told when. */
test.each<{ name: string; nodes?: number; events: [at: number, what: string][]; told: [at: number, what: string][] }>([
  { name: 'the first is told at once', events: [[0, 'ready a']], told: [[0, 'a']] },
  {
    name: 'those that follow share a word',
    events: [
      [0, 'ready a'],
      [10, 'ready b'],
      [99, 'ready c'],
    ],
    told: [
      [0, 'a'],
      [100, 'b c'],
    ],
  },
  {
    name: 'however long they go on, ten a second',
    events: [
      [0, 'ready a'],
      [60, 'ready a'],
      [120, 'ready a'],
      [180, 'ready a'],
    ],
    told: [
      [0, 'a'],
      [100, 'a'],
      [200, 'a'],
    ],
  },
  {
    name: 'after a pause at once again',
    events: [
      [0, 'ready a'],
      [500, 'ready a'],
    ],
    told: [
      [0, 'a'],
      [500, 'a'],
    ],
  },
  {
    name: 'the pause grows with what a word costs',
    nodes: 25_000,
    events: [
      [0, 'ready a'],
      [10, 'ready b'],
      [10, 'ready c'],
      [510, 'ready a'],
      [1600, 'ready a'],
    ],
    told: [
      [0, 'a'],
      [500, 'b c'],
      [1500, 'a'],
      [2000, 'a'],
    ],
  },
  {
    name: 'a loss waits for nothing, and takes along nothing else',
    events: [
      [0, 'ready a'],
      [10, 'ready b'],
      [20, 'lost c'],
      [30, 'lost c'],
    ],
    told: [
      [0, 'a'],
      [20, 'c'],
      [30, 'c'],
      [100, 'b'],
    ],
  },
  {
    name: 'a loss of what waits is told once',
    events: [
      [0, 'ready a'],
      [10, 'ready b'],
      [20, 'lost b'],
    ],
    told: [
      [0, 'a'],
      [20, 'b'],
    ],
  },
  {
    name: 'a pod that starts waits until it is ready',
    events: [
      [0, 'starts a'],
      [300, 'ready a'],
    ],
    told: [[300, 'a']],
  },
  {
    name: 'or for a second',
    events: [
      [0, 'starts a'],
      [900, 'starts b'],
    ],
    told: [[1000, 'a b']],
  },
])('$name', ({ nodes = 1, events, told }) => {
  const news = new SharedNews()
  const when: [number, string][] = []
  let wakeAt: number | undefined
  for (let now = 0; now < 3_000; now++) {
    const due = events.filter(([at]) => at === now)
    if (due.length === 0 && wakeAt !== now) continue
    for (const [, what] of due) {
      const [verb = '', key = ''] = what.split(' ')
      const change = { ref: { kind: 'EndpointSlice', key }, resourceVersion: now, decided: true }
      news.add({ ...change, ...changes[verb as keyof typeof changes] })
    }
    const look = news.look(now)
    wakeAt = look.wakeAt
    if (look.due) when.push([now, [...news.take(nodes).values()].map(({ key }) => key).join(' ')])
  }
  expect(when).toEqual(told)
})
