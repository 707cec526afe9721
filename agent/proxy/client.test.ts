import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectProxy, type ProxyClient } from './client.ts'
import type { ProxyEndpoint, ProxyTable } from './table.ts'

let folder = ''
const clients: ProxyClient[] = []
const servers: ReturnType<typeof createServer>[] = []
const pids = new Set<number>()

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'gantry-proxy-')), 'proxy')
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop()
  for (const server of servers.splice(0)) server.close()
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  pids.clear()
  await rm(join(folder, '..'), { recursive: true })
})

async function open(clusterUid = 'cluster'): Promise<ProxyClient> {
  const client = await connectProxy({ folder, clusterUid })
  clients.push(client)
  pids.add(client.pid)
  return client
}

async function word(text: string): Promise<ProxyEndpoint> {
  const server = createServer(socket => socket.on('error', () => {}).end(text)).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  return { address: '127.0.0.1', port: typeof address === 'object' && address ? address.port : 0 }
}

const address = `127.99.${process.pid % 250}.1`
function table(...endpoints: ProxyEndpoint[]): ProxyTable {
  return { ports: [{ namespace: 'shop', name: 'web', protocol: 'TCP', address, port: 8080, endpoints }] }
}

function ask(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    connect(8080, address)
      .on('data', chunk => (text += String(chunk)))
      .on('end', () => resolve(text))
      .on('error', reject)
  })
}

/** Until a new proxy serves. */
async function eventually(): Promise<string> {
  for (const deadline = performance.now() + 10_000; ; await sleep(10)) {
    try {
      return await ask()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(5)
}

test('the proxy serves on without its agent, and is adopted', async () => {
  const first = await open()
  expect(await first.apply(table(await word('a')))).toEqual([])
  const { pid } = first
  await first.release()
  expect(await ask()).toBe('a')
  const second = await open()
  expect(second.pid).toBe(pid)
  await second.apply(table(await word('b')))
  expect(await ask()).toBe('b')
})

test('a proxy that was killed is started again, with the newest table', async () => {
  const client = await open()
  await client.apply(table(await word('a')))
  const { pid } = client
  process.kill(pid, 'SIGKILL')
  await ended(pid)
  // Asked for while there is none: answered by the next.
  expect(await client.apply(table(await word('b')))).toEqual([])
  expect(await ask()).toBe('b')
  pids.add(client.pid)
  expect(client.pid).not.toBe(pid)
})

test('a proxy that was killed with its agent away serves its last table as soon as it is back', async () => {
  const first = await open()
  await first.apply(table(await word('a')))
  while (!(await stat(join(folder, 'table.json')).catch(() => undefined))) await sleep(5)
  await first.release()
  process.kill(first.pid, 'SIGKILL')
  await ended(first.pid)
  await open()
  expect(await eventually()).toBe('a')
})

test('tables that come fast are served in order, and each is acknowledged', async () => {
  const client = await open()
  const endpoints = await Promise.all(['a', 'b', 'c'].map(word))
  expect(await Promise.all(endpoints.map(endpoint => client.apply(table(endpoint))))).toEqual([[], [], []])
  expect(await ask()).toBe('c')
})

test('a proxy of another build or cluster makes room for this one', async () => {
  const first = await open()
  await first.apply(table(await word('a')))
  await first.release()
  const second = await open('another')
  await second.apply(table(await word('b')))
  expect(await ask()).toBe('b')
  await ended(first.pid)
  expect(second.pid).not.toBe(first.pid)
})

test('of two that start at once one serves, and both agents reach it', async () => {
  const [one, other] = await Promise.all([open(), open()])
  expect(one.pid).toBe(other.pid)
  clients.pop()
  await other.release()
})

test('stopping ends the proxy; what it kept is readable for its user alone', async () => {
  const client = await open()
  await client.apply(table(await word('a')))
  const modes = async (): Promise<string[]> =>
    Promise.all(['.', 'table.json'].map(async name => ((await stat(join(folder, name))).mode & 0o777).toString(8)))
  while (!(await stat(join(folder, 'table.json')).catch(() => undefined))) await sleep(5)
  expect(await modes()).toEqual(['700', '600'])
  await client.stop()
  await ended(client.pid)
  await expect(ask()).rejects.toThrow('ECONNREFUSED')
  await expect(client.apply(table())).rejects.toThrow('the proxy was let go')
  expect(await readFile(join(folder, 'proxy.log'), 'utf8')).toBe('')
})
