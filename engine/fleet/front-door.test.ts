import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dialUnixSocket, linkToEngine } from '../../agent/session.ts'
import type { EngineLink } from '../../agent/session.ts'
import { createFrontDoor } from './front-door.ts'
import type { FrontDoor } from './front-door.ts'
import { openLocalDoor } from './local-door.ts'
import type { Door } from './local-door.ts'
import type { LogRequest, NodeReport, NodeSettings } from '../protocol/session.ts'

const settings: NodeSettings = {
  clusterUid: 'c1',
  clusterName: 'hello',
  clusterDomain: 'cluster.local',
  serviceCIDR: '10.96.0.0/16',
  podCIDR: '10.244.0.0/24',
}
const node: NodeReport = { name: 'one', labels: {}, taints: [], status: {} }
const logRequest: LogRequest = { podUid: 'p', container: 'c', follow: false, previous: false, timestamps: false }

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

async function openDoor(): Promise<FrontDoor> {
  const opened = createFrontDoor({
    heartbeatSeconds: 0.02,
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

function dial(logs: () => AsyncIterable<string> = async function* () {}): EngineLink {
  link = linkToEngine({
    dial: () => dialUnixSocket(join(folder, 'agent.sock')),
    network: 'bridged',
    node: () => node,
    onMessage: message =>
      heard.push(message.type === 'assign' ? `assign ${message.delta.resourceVersion}` : message.type),
    onDown: () => heard.push('down'),
    onRefused: reason => heard.push(`refused: ${reason}`),
    logs,
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

test('logs stream over the session, and their errors keep their status', async () => {
  const engine = await openDoor()
  dial(async function* () {
    yield 'one\n'
    yield 'two\n'
  })
  await vi.waitFor(() => expect(heard).toContain('welcome'))
  let text = ''
  for await (const chunk of engine.logs('one', logRequest, new AbortController().signal)) text += chunk
  expect(text).toBe('one\ntwo\n')
})

test('an agent that refuses a log says why', async () => {
  const engine = await openDoor()
  // oxlint-disable-next-line require-yield
  dial(async function* () {
    throw Object.assign(new Error('container "c" is waiting to start'), { status: 400 })
  })
  await vi.waitFor(() => expect(heard).toContain('welcome'))
  const read = async (): Promise<void> => {
    for await (const _ of engine.logs('one', logRequest, new AbortController().signal));
  }
  await expect(read()).rejects.toMatchObject({ status: 400, message: 'container "c" is waiting to start' })
})
