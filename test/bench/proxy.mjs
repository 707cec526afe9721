// Service traffic through the proxy beside the same traffic without it: `node test/bench/proxy.mjs` after a build.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, createServer as createHttpServer, request } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const service = '127.97.200.1'
const bytes = 2 * 1024 * 1024 * 1024
const seconds = 3

if (process.send) serve()
else await measure()

/** The endpoint, a process of its own: one port that swallows bytes, one that answers HTTP. */
async function serve() {
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
  process.send({ sink: sink.address().port, web: web.address().port })
}

async function measure() {
  const endpoint = fork(fileURLToPath(import.meta.url))
  const [ports] = await once(endpoint, 'message')
  const folder = await mkdtemp(join(tmpdir(), 'gantry-bench-'))
  const program = fileURLToPath(new URL('../../dist/proxy.js', import.meta.url))
  const proxy = spawn(process.execPath, [program, '--folder', folder, '--cluster', 'bench', '--build', 'bench'])
  try {
    await apply(join(folder, 'proxy.sock'), ports)
    const rows = []
    for (const { name, unit, run } of [
      { name: 'one stream', unit: 'MB/s', run: port => stream(port) },
      { name: 'HTTP requests, 32 kept connections', unit: '/s', run: port => requests(port, { kept: true }) },
      { name: 'HTTP requests, a connection each', unit: '/s', run: port => requests(port, { kept: false }) },
      { name: 'one kept connection, p50', unit: 'µs', run: port => latency(port) },
    ]) {
      const key = name === 'one stream' ? 'sink' : 'web'
      const direct = await run({ host: '127.0.0.1', port: ports[key] })
      const through = await run({ host: service, port: ports[key] })
      rows.push({
        what: name,
        direct: Math.round(direct),
        proxy: Math.round(through),
        unit,
        ratio: (through / direct).toFixed(2),
      })
    }
    console.table(rows)
  } finally {
    proxy.kill('SIGKILL')
    endpoint.kill('SIGKILL')
    await rm(folder, { recursive: true })
  }
}

async function apply(path, ports) {
  let socket
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

async function stream(to) {
  const socket = connect({ ...to, noDelay: true })
  await once(socket, 'connect')
  const block = Buffer.alloc(256 * 1024)
  const begun = performance.now()
  for (let sent = 0; sent < bytes; sent += block.length) if (!socket.write(block)) await once(socket, 'drain')
  await once(socket, 'data')
  socket.destroy()
  return bytes / 1e6 / ((performance.now() - begun) / 1000)
}

async function requests(to, { kept }) {
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

async function latency(to) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times = []
  for (let index = 0; index < 5000; index++) {
    const begun = performance.now()
    await get(to, agent)
    times.push((performance.now() - begun) * 1000)
  }
  agent.destroy()
  return times.sort((a, b) => a - b)[times.length / 2]
}

function get(to, agent) {
  return new Promise((resolve, reject) => {
    request({ ...to, agent }, answer => answer.resume().once('end', resolve))
      .once('error', reject)
      .end()
  })
}
