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

/** What happens when (ms), and when the nodes are told. */
test.each<{ name: string; events: [at: number, what: keyof typeof changes][]; told: number[] }>([
  { name: 'the first is told at once', events: [[0, 'ready']], told: [0] },
  {
    name: 'those that follow share a word',
    events: [
      [0, 'ready'],
      [10, 'ready'],
      [50, 'ready'],
      [99, 'ready'],
    ],
    told: [0, 100],
  },
  {
    name: 'however long they go on, ten a second',
    events: [
      [0, 'ready'],
      [60, 'ready'],
      [120, 'ready'],
      [180, 'ready'],
    ],
    told: [0, 100, 200],
  },
  {
    name: 'after a pause at once again',
    events: [
      [0, 'ready'],
      [500, 'ready'],
    ],
    told: [0, 500],
  },
  {
    name: 'a loss waits for nothing, and takes along what waits',
    events: [
      [0, 'ready'],
      [10, 'ready'],
      [20, 'lost'],
      [30, 'lost'],
    ],
    told: [0, 20, 30],
  },
  {
    name: 'a pod that starts waits until it is ready',
    events: [
      [0, 'starts'],
      [300, 'ready'],
    ],
    told: [300],
  },
  {
    name: 'or for a second',
    events: [
      [0, 'starts'],
      [900, 'starts'],
    ],
    told: [1000],
  },
])('$name', ({ events, told }) => {
  const news = new SharedNews()
  const when: number[] = []
  let version = 0
  for (let now = 0; now < 2_000; now++) {
    for (const [at, what] of events) {
      if (at !== now) continue
      news.add({
        ref: { kind: 'EndpointSlice', key: 'shop/web-1' },
        resourceVersion: ++version,
        decided: true,
        ...changes[what],
      })
    }
    if ((news.dueAt(now) ?? Number.POSITIVE_INFINITY) > now) continue
    news.take()
    when.push(now)
  }
  expect(when).toEqual(told)
})

test('while something waits, nobody has heard more than came before the first of it', () => {
  const news = new SharedNews()
  expect(news.resourceVersion).toBeUndefined()
  for (const resourceVersion of [7, 9]) {
    news.add({ ref: { kind: 'EndpointSlice', key: 'shop/web-1' }, resourceVersion, decided: true, ...changes.starts })
  }
  expect(news.resourceVersion).toBe(6)
  expect([...news.take().keys()]).toEqual(['EndpointSlice shop/web-1'])
  expect(news.resourceVersion).toBeUndefined()
})
