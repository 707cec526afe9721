import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dialUnixSocket, linkToEngine } from '../../agent/session.ts'
import type { EngineLink } from '../../agent/session.ts'
import type { OpenStream } from '../../agent/answers.ts'
import { createFrontDoor } from './front-door.ts'
import type { FrontDoor } from './front-door.ts'
import { openLocalDoor } from './local-door.ts'
import type { Door } from './local-door.ts'
import type { NodeReport, NodeSettings } from '../protocol/session.ts'
import { StreamRefused } from '../protocol/streams.ts'
import type { StreamRequest } from '../protocol/streams.ts'

const settings: NodeSettings = {
  clusterUid: 'c1',
  clusterName: 'hello',
  clusterDomain: 'cluster.local',
  serviceCIDR: '10.96.0.0/16',
  podCIDR: '10.244.0.0/24',
}
const node: NodeReport = { name: 'one', labels: {}, taints: [], status: {} }
const podUid = 'p'

let folder: string
let frontDoor: FrontDoor | undefined
let door: Door | undefined
let link: EngineLink | undefined
let heard: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-door-'))
  heard = []
})
afterEach(async () => {
  link?.close()
  await closeDoor()
  await rm(folder, { recursive: true })
})

async function openDoor(heartbeatSeconds = 0.05): Promise<FrontDoor> {
  const opened = createFrontDoor({
    heartbeatSeconds,
    settingsFor: async () => settings,
    onJoined: report => heard.push(`joined ${report.name}`),
    onMessage: (name, message) => heard.push(`${name}: ${message.type}`),
    onLeft: name => heard.push(`left ${name}`),
    renew: () => Promise.reject(new Error('the agent of this machine has no certificate')),
    authorities: () => '',
    onRefused: ({ reason }) => heard.push(`refused ${reason}`),
  })
  frontDoor = opened
  const may = { node: 'one', expiresAt: Number.POSITIVE_INFINITY }
  door = await openLocalDoor(join(folder, 'agent.sock'), socket => opened.accept(socket, { from: 'here', may }))
  return opened
}

async function closeDoor(): Promise<void> {
  const closed = door?.close()
  frontDoor?.close()
  await closed
  door = undefined
}

function dial(open: OpenStream = () => Promise.reject(new StreamRefused(404, 'no such pod'))): EngineLink {
  link = linkToEngine({
    dial: () => dialUnixSocket(join(folder, 'agent.sock')),
    network: 'bridged',
    node: () => node,
    onMessage: message =>
      heard.push(message.type === 'assign' ? `assign ${message.delta.resourceVersion}` : message.type),
    onDown: () => heard.push('down'),
    onRefused: reason => {
      heard.push(`refused: ${reason}`)
      return false
    },
    open,
  })
  return link
}

test('an agent joins, is told what to do, reports, and beats', async () => {
  const engine = await openDoor()
  const agent = dial()
  await vi.waitFor(() => expect(heard).toContain('welcome'))
  engine.send('one', { full: true, resourceVersion: 7, put: [], delete: [] })
  agent.send({ type: 'acknowledged', resourceVersion: 7 })
  await vi.waitFor(() =>
    expect(heard).toEqual(
      expect.arrayContaining(['joined one', 'welcome', 'assign 7', 'one: acknowledged', 'one: heartbeat']),
    ),
  )
})

test('an agent outlives its engine and joins the next one', async () => {
  await openDoor()
  dial()
  await vi.waitFor(() => expect(heard).toContain('welcome'))
  await closeDoor()
  await vi.waitFor(() => expect(heard).toContain('down'))
  heard = []
  await openDoor()
  await vi.waitFor(() => expect(heard).toContain('joined one'), 5000)
})

test('a node that leaves is noticed', async () => {
  const engine = await openDoor()
  const agent = dial()
  await vi.waitFor(() => expect(engine.connected).toEqual(new Set(['one'])))
  agent.close()
  await vi.waitFor(() => expect(heard).toContain('left one'))
  expect(engine.connected).toEqual(new Set())
})

test('an engine that stood still hears what was said meanwhile before it takes anybody for gone', async () => {
  await openDoor(0.1)
  const agent = dial()
  await vi.waitFor(() => expect(heard).toContain('one: heartbeat'))
  agent.send({ type: 'acknowledged', resourceVersion: 1 })
  // It is on its way, and nobody has read it.
  await new Promise(resolve => setImmediate(resolve))
  // Longer than it waits for a heartbeat.
  for (const until = performance.now() + 500; performance.now() < until;);
  await vi.waitFor(() => expect(heard).toContain('one: acknowledged'))
  expect(heard).not.toContain('left one')
})

test('streams go over the session, each request as it was made, each direction ending for itself', async () => {
  const engine = await openDoor()
  const asked: StreamRequest[] = []
  dial(async request => {
    asked.push(request)
    return async stream => {
      for await (const chunk of stream) stream.write(String(chunk).toUpperCase())
      stream.end('END')
    }
  })
  await vi.waitFor(() => expect(heard).toContain('welcome'))
  const requests: StreamRequest[] = [
    { kind: 'exec', podUid, container: 'c', command: ['echo', 'ä & "%', ''], stdin: true, tty: false },
    { kind: 'attach', podUid, container: 'c', stdin: false },
    { kind: 'portforward', podUid, port: 80 },
    { kind: 'logs', podUid, container: 'c', follow: true, previous: false, timestamps: false, tailLines: 0 },
  ]
  for (const request of requests) {
    const stream = await engine.open('one', request, new AbortController().signal)
    stream.end('hello ')
    expect(await text(stream)).toBe('HELLO END')
  }
  expect(asked).toEqual(requests)
})

test('much in both directions at once', async () => {
  const engine = await openDoor()
  dial(async () => stream => pipeline(stream, stream))
  await vi.waitFor(() => expect(heard).toContain('welcome'))
  const request = { kind: 'portforward', podUid, port: 80 } as const
  const stream = await engine.open('one', request, new AbortController().signal)
  const block = Buffer.alloc(64 * 1024)
  Readable.from(Array.from({ length: 800 }, () => block)).pipe(stream)
  let length = 0
  for await (const chunk of stream) length += (chunk as Buffer).length
  expect(length).toBe(800 * block.length)
})

test('one that reads nothing holds up nobody but itself', async () => {
  const engine = await openDoor()
  const abort = new AbortController()
  let gone = false
  dial(async (request, signal) => async stream => {
    signal.addEventListener('abort', () => (gone = true))
    if (request.kind === 'attach') return
    stream.end('answered')
  })
  await vi.waitFor(() => expect(heard).toContain('welcome'))
  const stuck = await engine.open('one', { kind: 'attach', podUid, container: 'c', stdin: true }, abort.signal)
  let written = 0
  const writeOn = (): void => {
    while (stuck.write(Buffer.alloc(64 * 1024))) written += 1
    written += 1
    stuck.once('drain', writeOn)
  }
  writeOn()
  await new Promise(resolve => setTimeout(resolve, 300))
  // What is on its way is limited: the writer is made to wait.
  expect(written * 64 * 1024).toBeLessThan(4 * 1024 * 1024)
  const other = await engine.open('one', { kind: 'portforward', podUid, port: 80 }, new AbortController().signal)
  expect(await text(other)).toBe('answered')
  abort.abort()
  await vi.waitFor(() => expect(gone).toBe(true))
})

test.each([
  { name: 'with its status', error: new StreamRefused(400, 'container "c" is waiting'), status: 400 },
  { name: 'for a reason of its own', error: new Error('no more pipes'), status: 500 },
])('an agent that refuses a stream says why, $name', async ({ error, status }) => {
  const engine = await openDoor()
  dial(() => Promise.reject(error))
  await vi.waitFor(() => expect(heard).toContain('welcome'))
  const request = { kind: 'portforward', podUid, port: 80 } as const
  const { message } = error
  await expect(engine.open('one', request, new AbortController().signal)).rejects.toMatchObject({ status, message })
})

test('of a node that is not there no stream is opened', async () => {
  const engine = await openDoor()
  const request = { kind: 'portforward', podUid, port: 80 } as const
  await expect(engine.open('two', request, new AbortController().signal)).rejects.toMatchObject({
    status: 503,
    message: 'node two is not connected: its agent has the pod',
  })
})
