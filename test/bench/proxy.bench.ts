/** Service traffic through the proxy beside the same traffic without it. */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, createServer as createHttpServer, request } from 'node:http'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { entryUrl } from '../../engine/protocol/entries.ts'
import { figureRow, median } from './bench.ts'
import type { Bench, Row } from './bench.ts'

const service = '127.97.200.1'
const bytes = 1024 * 1024 * 1024
const seconds = 2
/** Each by turns with and without the proxy, so that whatever else the machine does falls on both. */
const repeats = 5

interface Address {
  readonly host: string
  readonly port: number
}

interface Ports {
  readonly sink: number
  readonly web: number
}

interface Traffic {
  readonly name: string
  readonly unit: string
  readonly port: keyof Ports
  /** The least or, of a time, nothing: what a detour costs has no target of its own. */
  readonly least?: number
  run(to: Address): Promise<number>
}

const traffic: readonly Traffic[] = [
  { name: 'one stream', unit: 'MB/s', port: 'sink', least: 36, run: stream },
  {
    name: 'HTTP requests, 32 kept connections',
    unit: '/s',
    port: 'web',
    least: 36,
    run: to => requests(to, { kept: true }),
  },
  {
    name: 'HTTP requests, a connection each',
    unit: '/s',
    port: 'web',
    least: 36,
    run: to => requests(to, { kept: false }),
  },
  { name: 'one kept connection, p50', unit: 'µs', port: 'web', run: latency },
]

export const bench: Bench = {
  async run(own) {
    const endpoint = fork(fileURLToPath(import.meta.url))
    own(() => void endpoint.kill('SIGKILL'))
    const [ports] = (await once(endpoint, 'message')) as [Ports]
    const folder = await mkdtemp(join(tmpdir(), 'gantry-bench-'))
    own(() => rm(folder, { recursive: true }))
    const program = fileURLToPath(entryUrl('proxy'))
    const proxy = spawn(process.execPath, [program, '--folder', folder, '--cluster', 'bench', '--build', 'bench'])
    own(() => void proxy.kill('SIGKILL'))
    await apply(join(folder, 'proxy.sock'), ports)
    const rows: Row[] = []
    for (const { name, unit, port, least, run } of traffic) {
      const pairs: { direct: number; through: number }[] = []
      for (let repeat = 0; repeat < repeats; repeat++) {
        const direct = await run({ host: '127.0.0.1', port: ports[port] })
        pairs.push({ direct, through: await run({ host: service, port: ports[port] }) })
      }
      const shares = pairs.map(({ direct, through }) => (through / direct) * 100)
      const [through, direct] = [median(pairs.map(pair => pair.through)), median(pairs.map(pair => pair.direct))]
      const notes = [
        `${Math.round(Math.min(...shares))} to ${Math.round(Math.max(...shares))} %`,
        `${Math.round(through)} ${unit} through the proxy, ${Math.round(direct)} ${unit} direct`,
      ]
      const limit = least === undefined ? {} : { least }
      const figure = { value: median(shares), unit: '% of direct', ...limit, runs: repeats, notes }
      rows.push(figureRow(`proxy: ${name}`, figure))
    }
    return rows
  },
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve()

/** The endpoint, a process of its own: one port that swallows bytes, one that answers HTTP. */
async function serve(): Promise<void> {
  const sink = createServer(socket => {
    let left = bytes
    socket.on('data', chunk => {
      left -= chunk.length
      if (left <= 0) socket.end('done')
    })
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  const web = createHttpServer((_, answer) => answer.end('hello')).listen(0, '127.0.0.1')
  await Promise.all([once(sink, 'listening'), once(web, 'listening')])
  process.send?.({ sink: portOf(sink), web: portOf(web) })
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the endpoint has no port')
  return address.port
}

async function apply(path: string, ports: Ports): Promise<void> {
  let socket: Socket
  for (;;) {
    socket = connect(path)
    try {
      await once(socket, 'connect')
      break
    } catch {
      await sleep(20)
    }
  }
  const table = Object.entries(ports).map(([name, port]) => ({
    namespace: 'bench',
    name,
    protocol: 'TCP',
    address: service,
    port,
    endpoints: [{ address: '127.0.0.1', port }],
  }))
  socket.write(`${JSON.stringify({ type: 'apply', id: 1, table: { ports: table } })}\n`)
  for await (const chunk of socket) if (String(chunk).includes('"applied"')) break
}

async function stream(to: Address): Promise<number> {
  const socket = connect({ ...to, noDelay: true })
  await once(socket, 'connect')
  const block = Buffer.alloc(256 * 1024)
  const begun = performance.now()
  for (let sent = 0; sent < bytes; sent += block.length) if (!socket.write(block)) await once(socket, 'drain')
  await once(socket, 'data')
  socket.destroy()
  return bytes / 1e6 / ((performance.now() - begun) / 1000)
}

async function requests(to: Address, { kept }: { kept: boolean }): Promise<number> {
  const agent = kept ? new Agent({ keepAlive: true, maxSockets: 32 }) : false
  const end = performance.now() + seconds * 1000
  let count = 0
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (; performance.now() < end; count++) await get(to, agent)
    }),
  )
  if (agent) agent.destroy()
  return count / seconds
}

async function latency(to: Address): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  for (let index = 0; index < 5000; index++) {
    const begun = performance.now()
    await get(to, agent)
    times.push((performance.now() - begun) * 1000)
  }
  agent.destroy()
  return median(times)
}

function get(to: Address, agent: Agent | false): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    request({ ...to, agent }, answer => answer.resume().once('end', () => resolve()))
      .once('error', reject)
      .end()
  })
}
