import { on } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import type { KubeObject } from '../api/types.ts'
import type { ServerFixture } from './server.fixture.ts'
import { examplePod, startServer, token } from './server.fixture.ts'

let server: ServerFixture
const readers: AbortController[] = []
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.abort()
  await server.close()
})

interface WatchEvent {
  readonly type: string
  readonly object: KubeObject & {
    readonly code?: number
    readonly rows?: { cells: unknown[] }[]
    readonly columnDefinitions?: unknown[]
  }
}

/** Reads a watch event by event. */
async function watch(
  query: string,
  accept = 'application/json',
): Promise<{ next(count: number): Promise<WatchEvent[]> }> {
  const reader = new AbortController()
  readers.push(reader)
  const headers = { Accept: accept }
  const { body } = await server.get(`/api/v1/pods?watch=true&${query}`, { signal: reader.signal, headers })
  if (body === null) throw new Error('a watch has a body')
  const lines = on(createInterface({ input: Readable.fromWeb(body) }), 'line', { close: ['close'] })
  return {
    async next(count) {
      const events: WatchEvent[] = []
      while (events.length < count) {
        const next = await lines.next()
        if (next.done === true) break
        const [line] = next.value as [string]
        events.push(JSON.parse(line) as WatchEvent)
      }
      return events
    },
  }
}

/** `ADDED web-1@101`. */
function brief({ type, object }: WatchEvent): string {
  return `${type} ${object.metadata.name ?? ''}@${object.metadata.resourceVersion}`
}

const web = examplePod('web-1')
const db = examplePod('db-0', { labels: { app: 'db' } })

test.each([
  [
    'without a resourceVersion: the state, then changes',
    '',
    ['ADDED db-0@102', 'ADDED web-1@101', 'MODIFIED web-1@103'],
  ],
  ['from 0: the same', 'resourceVersion=0', ['ADDED db-0@102', 'ADDED web-1@101', 'MODIFIED web-1@103']],
  ['from a resourceVersion: what came after', 'resourceVersion=101', ['ADDED db-0@102', 'MODIFIED web-1@103']],
  ['from the newest', 'resourceVersion=102', ['MODIFIED web-1@103']],
  ['without the state', 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan', ['MODIFIED web-1@103']],
  [
    'with the state, and a mark where it ends',
    'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=1',
    ['ADDED db-0@102', 'ADDED web-1@101', 'BOOKMARK @102', 'MODIFIED web-1@103'],
  ],
])('%s', async (_, query, expected) => {
  server = await startServer()
  server.put(web, db)
  const events = await watch(query)
  server.put(web)
  expect((await events.next(expected.length)).map(brief)).toEqual(expected)
})

test('the mark at the end of the state is the annotation that clients look for', async () => {
  server = await startServer()
  const events = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true')
  expect(await events.next(1)).toEqual([
    {
      type: 'BOOKMARK',
      object: {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: {
          resourceVersion: '100',
          creationTimestamp: null,
          annotations: { 'k8s.io/initial-events-end': 'true' },
        },
      },
    },
  ])
})

test('objects that move into a selection are added, those that leave it are deleted as they last were in it', async () => {
  server = await startServer()
  server.put(web, db)
  const events = await watch('labelSelector=app%3Dweb&resourceVersion=102')
  server.put(examplePod('db-0', { labels: { app: 'web' } }))
  server.put(examplePod('web-1', { labels: { app: 'other' } }))
  server.put(examplePod('web-1', { labels: { app: 'still-other' } }))
  server.remove(db)
  const seen = await events.next(3)
  expect(seen.map(brief)).toEqual(['ADDED db-0@103', 'DELETED web-1@104', 'DELETED db-0@106'])
  expect(seen[1]?.object.metadata.labels).toEqual({ app: 'web' })
})

test('bookmarks tell of the version that other kinds have brought', async () => {
  server = await startServer({ bookmarkIntervalMs: 50 })
  const [bookmarked, plain] = [await watch('allowWatchBookmarks=true'), await watch('timeoutSeconds=1')]
  server.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  const [first, second] = await bookmarked.next(2)
  expect([first, second].map(event => event && brief(event))).toContain('BOOKMARK @101')
  expect(await plain.next(1)).toEqual([])
})

test('a bookmark never runs ahead of what was sent', async () => {
  server = await startServer({ bookmarkIntervalMs: 1 })
  const events = await watch('allowWatchBookmarks=true')
  for (let i = 0; i < 200; i++) {
    server.put(examplePod(`web-${i}`))
    if (i % 7 === 0) await new Promise(resolve => setTimeout(resolve, 1))
  }
  let sent = 100
  while (sent < 300) {
    const [event] = await events.next(1)
    const version = Number(event?.object.metadata.resourceVersion)
    if (event?.type === 'BOOKMARK') expect(version).toBe(sent)
    sent = version
  }
})

test('Tables name their columns once', async () => {
  server = await startServer()
  const events = await watch('', 'application/json;as=Table;v=v1;g=meta.k8s.io')
  server.put(web, db)
  const seen = await events.next(2)
  expect(seen.map(({ type, object }) => [type, object.rows?.[0]?.cells[0], object.columnDefinitions?.length])).toEqual([
    ['ADDED', 'web-1', 9],
    ['ADDED', 'db-0', 0],
  ])
})

test('many watchers of a kind hear every change in order', async () => {
  server = await startServer()
  const watchers = await Promise.all(Array.from({ length: 50 }, () => watch('resourceVersion=100')))
  for (let i = 0; i < 40; i++) server.put(examplePod(`web-${i}`))
  const expected = Array.from({ length: 40 }, (_, i) => `ADDED web-${i}@${101 + i}`)
  const seen = await Promise.all(watchers.map(watcher => watcher.next(40)))
  for (const events of seen) expect(events.map(brief)).toEqual(expected)
})

test('a watcher that does not read costs no memory, and is told 410 once it is too far behind', async () => {
  server = await startServer({ watchBuffer: 50 })
  const { hostname, port } = new URL(server.url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.pause()
  socket.write(
    `GET /api/v1/pods?watch=true&resourceVersion=100 HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  )
  await new Promise(resolve => setTimeout(resolve, 200))
  const large = { ...web, metadata: { ...web.metadata, annotations: { note: 'x'.repeat(100_000) } } }
  const before = process.memoryUsage().rss
  for (let i = 0; i < 2_000; i++) {
    server.put(large)
    if (i % 100 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  const grown = process.memoryUsage().rss - before
  let received = ''
  socket.setEncoding('utf8')
  for await (const piece of socket as AsyncIterable<string>) {
    received = (received + piece).slice(-2_000)
    if (received.includes('"code":410')) break
  }
  expect(received).toContain('"type":"ERROR"')
  expect(received).toContain('"reason":"Expired"')
  // 200 MB of changes went by.
  expect(grown).toBeLessThan(100 * 1024 * 1024)
})
