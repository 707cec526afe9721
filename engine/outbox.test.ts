import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createOutbox } from './outbox.ts'
import type { Outbox } from './outbox.ts'
import type { Effects } from './core/event.ts'
import type { ObjectChange } from './cluster/view.ts'

let said: string[]
let failures: number
/** What the agents are to hear: the version that it leads to. */
let news: number
/** How many of the next reservations fail. */
let unreserved: number
let outbox: Outbox

beforeEach(() => {
  vi.useFakeTimers()
  said = []
  failures = 0
  unreserved = 0
  outbox = createOutbox({
    async record(changes) {
      await Promise.resolve()
      if (failures-- > 0) throw new Error('disk full')
      said.push(`record ${changes.map(versionOf).join(' ')}`)
    },
    async reserve(version) {
      if (unreserved-- > 0) throw new Error('no room for versions')
      said.push(`reserve ${version}`)
    },
    publish: changes => said.push(`publish ${changes.map(versionOf).join(' ')}`),
    assignments: () => new Map([['one', { full: false, resourceVersion: news, put: [], delete: [] }]]),
    send: (node, delta) => said.push(`send ${node} ${delta.resourceVersion}`),
    onTrouble: error => said.push(error === undefined ? 'mended' : `trouble: ${error.message}`),
  })
})
afterEach(() => {
  vi.useRealTimers()
})

function versionOf(change: ObjectChange): number {
  return change.resourceVersion
}

function effects(versions: readonly number[], options: { decided: boolean; send?: number }): Effects {
  const record = versions.map(resourceVersion => ({
    ref: { kind: 'Pod', key: `default/${resourceVersion}` },
    resourceVersion,
    decided: options.decided,
  }))
  news = options.send ?? news
  return { record, news: options.send !== undefined, wakeAt: undefined }
}

test('a decision is recorded before anybody hears of it', async () => {
  outbox.push(effects([1, 2], { decided: true, send: 2 }))
  await outbox.settled()
  expect(said).toEqual(['reserve 2', 'record 1 2', 'publish 1 2', 'send one 2'])
})

test('steps that come while a commit is written share the next one, and its messages', async () => {
  outbox.push(effects([1], { decided: true, send: 1 }))
  outbox.push(effects([2], { decided: true, send: 2 }))
  outbox.push(effects([3], { decided: true, send: 3 }))
  await outbox.settled()
  expect(said).toEqual([
    ...['reserve 1', 'record 1', 'publish 1', 'send one 1'],
    ...['reserve 3', 'record 2 3', 'publish 2 3', 'send one 3'],
  ])
})

test('status is published at once and recorded a second later', async () => {
  outbox.push(effects([1], { decided: false }))
  await outbox.settled()
  expect(said).toEqual(['reserve 1', 'publish 1'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(said).toEqual(['reserve 1', 'publish 1', 'record 1'])
})

test('status that waits goes with the next decision, in order', async () => {
  outbox.push(effects([1], { decided: false }))
  await outbox.settled()
  outbox.push(effects([2], { decided: true, send: 2 }))
  await outbox.settled()
  expect(said.slice(2)).toEqual(['reserve 2', 'record 1 2', 'publish 2', 'send one 2'])
  await vi.advanceTimersByTimeAsync(5_000)
  expect(said.slice(2)).toHaveLength(4)
})

test('nothing is sent while recording fails, and all of it once it works', async () => {
  failures = 2
  outbox.push(effects([1], { decided: true, send: 1 }))
  await vi.advanceTimersByTimeAsync(500)
  outbox.push(effects([2], { decided: true, send: 2 }))
  expect(said).toEqual(['reserve 1', 'trouble: disk full'])
  await vi.advanceTimersByTimeAsync(2_000)
  await outbox.settled()
  expect(said.slice(2)).toEqual([
    ...['trouble: disk full', 'record 1', 'mended', 'publish 1', 'send one 1'],
    ...['reserve 2', 'record 2', 'publish 2', 'send one 2'],
  ])
})

test('no version is seen outside before it is reserved, however often that fails', async () => {
  unreserved = 2
  outbox.push(effects([1], { decided: true, send: 1 }))
  outbox.push(effects([2], { decided: false, send: 2 }))
  await vi.advanceTimersByTimeAsync(1_500)
  expect(said).toEqual(['trouble: no room for versions', 'trouble: no room for versions'])
  await vi.advanceTimersByTimeAsync(1_000)
  await outbox.settled()
  expect(said.slice(2)).toEqual([
    ...['reserve 1', 'mended', 'record 1', 'publish 1', 'send one 1'],
    ...['reserve 2', 'publish 2', 'send one 2'],
  ])
})

test('closing records what is left', async () => {
  outbox.push(effects([1], { decided: false }))
  await outbox.close()
  expect(said).toEqual(['reserve 1', 'publish 1', 'record 1'])
})

test('closing while recording fails ends, and sends nothing', async () => {
  failures = 100
  outbox.push(effects([1], { decided: true, send: 1 }))
  await vi.advanceTimersByTimeAsync(100)
  await outbox.close()
  expect(said.filter(line => line.startsWith('send') || line.startsWith('publish'))).toEqual([])
})
