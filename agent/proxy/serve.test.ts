import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { Agent, createServer as createHttpServer, request, type Server as HttpServer } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { Proxy } from './serve.ts'
import type { ProxyEndpoint, ProxyPort } from './table.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A Service of its own address for each test. */
let lastAddress = 1
function service(endpoints: readonly ProxyEndpoint[], rest: Partial<ProxyPort> = {}): ProxyPort {
  return {
    namespace: 'shop',
    name: 'web',
    protocol: 'TCP',
    address: `127.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}.${lastAddress}`,
    port: 8080,
    endpoints,
    ...rest,
  }
}

function startProxy(): Proxy {
  lastAddress += 1
  const proxy = new Proxy({ onProblems: () => {} })
  cleanups.push(() => proxy.close())
  return proxy
}

async function listening(server: Server | HttpServer): Promise<ProxyEndpoint> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return { address: '127.0.0.1', port: address.port }
}

/** Answers each connection with a word. */
async function word(text: string): Promise<ProxyEndpoint> {
  const server = createServer(socket => socket.on('error', () => {}).end(text))
  cleanups.push(() => server.close())
  return listening(server)
}

interface App {
  readonly endpoint: ProxyEndpoint
  /** As a program that ends at once on SIGTERM: every connection is reset. */
  exit(): void
  requests: number
}

async function app(version: string, options: { delay?: number; keepAliveTimeout?: number } = {}): Promise<App> {
  const sockets = new Set<Socket>()
  const server = createHttpServer(async (incoming, answer) => {
    started.requests += 1
    let length = 0
    for await (const chunk of incoming) length += chunk.length
    await sleep(options.delay ?? 0)
    answer.end(`${version} ${length}`)
  })
  server.keepAliveTimeout = options.keepAliveTimeout ?? 60_000
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const exit = (): void => {
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
  }
  cleanups.push(exit)
  const started: App = { endpoint: await listening(server), exit, requests: 0 }
  return started
}

function say(address: string, text = '', port = 8080): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ host: address, port, allowHalfOpen: true })
    socket.on('data', chunk => (answer += String(chunk)))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
    socket.end(text)
  })
}

function fetchFrom(
  address: string,
  options: { agent?: Agent; method?: string; body?: Buffer | string } = {},
): Promise<string> {
  const { agent, method = 'GET', body } = options
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: address, port: 8080, method, ...(agent ? { agent } : { agent: false }) },
      async answer => {
        let text = ''
        try {
          for await (const chunk of answer) text += String(chunk)
          resolve(text)
        } catch (error) {
          reject(error)
        }
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function keepAlive(maxSockets = 1): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets })
  cleanups.push(() => agent.destroy())
  return agent
}

test('connections go to each endpoint in turn', async () => {
  const proxy = startProxy()
  const port = service([await word('a'), await word('b'), await word('c')])
  expect(await proxy.apply({ ports: [port] })).toEqual([])
  const answers = []
  for (let index = 0; index < 9; index++) answers.push(await say(port.address))
  expect(answers.sort().join('')).toBe('aaabbbccc')
})

test('half-closed connections carry bytes on', async () => {
  const proxy = startProxy()
  const echo = createServer({ allowHalfOpen: true }, socket => socket.pipe(socket))
  cleanups.push(() => echo.close())
  const port = service([await listening(echo)])
  await proxy.apply({ ports: [port] })
  expect(await say(port.address, 'hello')).toBe('hello')
})

test.each(['sends', 'receives'] as const)(
  'a client that %s much arrives whole though nobody reads at first',
  async what => {
    const proxy = startProxy()
    // No two places of it are alike, so that bytes that are lost or doubled show.
    const bytes = randomBytes(40_000_000)
    const received = async (socket: Socket): Promise<boolean> => {
      await sleep(200)
      return Buffer.concat(await socket.toArray()).equals(bytes)
    }
    const accepted: Socket[] = []
    const server = createServer({ pauseOnConnect: true }, socket => accepted.push(socket))
    cleanups.push(() => server.close())
    const port = service([await listening(server)])
    await proxy.apply({ ports: [port] })
    const client = connect(8080, port.address)
    while (accepted[0] === undefined) await sleep(5)
    const [from, to] = what === 'sends' ? [client, accepted[0]] : [accepted[0], client]
    from.end(bytes)
    expect(await received(to)).toBe(true)
  },
)

test('a refused connect is tried on another endpoint', async () => {
  const proxy = startProxy()
  const nobody = { address: '127.0.0.1', port: 1 }
  const port = service([nobody, await word('b'), { address: '127.0.0.1', port: 2 }])
  await proxy.apply({ ports: [port] })
  expect(await Promise.all([1, 2, 3, 4].map(() => say(port.address)))).toEqual(['b', 'b', 'b', 'b'])
})

test.each([{ endpoints: [] }, { endpoints: [{ address: '127.0.0.1', port: 1 }] }])(
  'without an endpoint that answers a connection is reset at once: $endpoints',
  async ({ endpoints }) => {
    const proxy = startProxy()
    const port = service(endpoints)
    await proxy.apply({ ports: [port] })
    await expect(say(port.address, 'hello')).rejects.toThrow('ECONNRESET')
  },
)

test('session affinity keeps a client with its endpoint', async () => {
  const proxy = startProxy()
  const endpoints = [await word('a'), await word('b')]
  const port = service(endpoints, { affinitySeconds: 60 })
  await proxy.apply({ ports: [port] })
  expect(await Promise.all([1, 2, 3].map(() => say(port.address)))).toEqual(['a', 'a', 'a'])
  await proxy.apply({ ports: [service(endpoints.slice(1), { affinitySeconds: 60 })] })
  expect(await say(port.address)).toBe('b')
})

test('an address that cannot be bound is a problem of its Service, until it can', async () => {
  const proxy = startProxy()
  const port = service([await word('a')])
  const other = createServer().listen(8080, port.address)
  await once(other, 'listening')
  const message = `cannot listen on ${port.address}:8080 (TCP): another program listens there; stop it, or give the Service another port`
  expect(await proxy.apply({ ports: [port] })).toEqual([{ namespace: 'shop', name: 'web', message }])
  other.close()
  expect(await proxy.apply({ ports: [port] })).toEqual([])
  expect(await say(port.address)).toBe('a')
})

test('a connection that has sent nothing moves when its endpoint leaves', async () => {
  const proxy = startProxy()
  const [old, fresh] = [await app('old'), await app('new')]
  const port = service([old.endpoint])
  await proxy.apply({ ports: [port] })
  const socket = connect(8080, port.address)
  await once(socket, 'connect')
  await proxy.apply({ ports: [service([fresh.endpoint])] })
  old.exit()
  socket.write('GET / HTTP/1.0\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  expect(answer).toMatch(/new 0$/)
})

test('a kept connection goes on at another endpoint: moved before the table is acknowledged', async () => {
  const proxy = startProxy()
  const [old, fresh] = [await app('old'), await app('new')]
  const port = service([old.endpoint])
  await proxy.apply({ ports: [port] })
  const agent = keepAlive()
  expect(await fetchFrom(port.address, { agent })).toBe('old 0')
  await proxy.apply({ ports: [service([fresh.endpoint])] })
  old.exit()
  expect(await fetchFrom(port.address, { agent, method: 'POST', body: 'abc' })).toBe('new 3')
})

test('the acknowledgement waits for the request that is under way, and no longer', async () => {
  const proxy = startProxy()
  const [old, fresh] = [await app('old', { delay: 200 }), await app('new')]
  const port = service([old.endpoint])
  await proxy.apply({ ports: [port] })
  const agent = keepAlive()
  const slow = fetchFrom(port.address, { agent })
  while (old.requests === 0) await sleep(5)
  await proxy.apply({ ports: [service([fresh.endpoint])] })
  old.exit()
  expect(await slow).toBe('old 0')
  expect(await fetchFrom(port.address, { agent })).toBe('new 0')
})

test('a request that takes too long does not hold up the acknowledgement for more than 1.5 s', async () => {
  const proxy = startProxy()
  const [old, fresh] = [await app('old', { delay: 2500 }), await app('new')]
  const port = service([old.endpoint])
  await proxy.apply({ ports: [port] })
  const slow = fetchFrom(port.address)
  while (old.requests === 0) await sleep(5)
  let acknowledged = false
  const applied = proxy.apply({ ports: [service([fresh.endpoint])] }).then(() => (acknowledged = true))
  // New connections follow the table at once all the same.
  expect(await fetchFrom(port.address)).toBe('new 0')
  expect(acknowledged).toBe(false)
  await applied
  // Whatever takes longer holds up no later table.
  const begun = performance.now()
  await proxy.apply({ ports: [service([fresh.endpoint])] })
  expect(performance.now() - begun).toBeLessThan(500)
  expect(await slow).toBe('old 0')
})

test('a proxy that hands over sends the next request of a kept connection to its successor', async () => {
  const [old, successor] = [startProxy(), new Proxy({ onProblems: () => {} })]
  cleanups.push(() => successor.close())
  const [before, after] = [await app('before'), await app('after')]
  const port = service([before.endpoint])
  await old.apply({ ports: [port] })
  const agent = keepAlive()
  expect(await fetchFrom(port.address, { agent })).toBe('before 0')
  await old.close({ handOver: true })
  await successor.apply({ ports: [service([after.endpoint])] })
  before.exit()
  expect(await fetchFrom(port.address, { agent, method: 'POST', body: 'abc' })).toBe('after 3')
})

test('an address that is served no more ends its connections after the request that is under way', async () => {
  const proxy = startProxy()
  const slow = await app('slow', { delay: 200 })
  const port = service([slow.endpoint])
  await proxy.apply({ ports: [port] })
  const agent = keepAlive()
  const answer = fetchFrom(port.address, { agent })
  while (slow.requests === 0) await sleep(5)
  await proxy.apply({ ports: [] })
  expect(await answer).toBe('slow 0')
  // The end of the connection reaches the client a moment after the answer.
  while (Object.keys(agent.freeSockets).length > 0) await sleep(5)
  await expect(fetchFrom(port.address, { agent })).rejects.toThrow('ECONNREFUSED')
})

test('an endpoint that closes an idle connection goes unnoticed', async () => {
  const proxy = startProxy()
  const { endpoint } = await app('same', { keepAliveTimeout: 20 })
  const port = service([endpoint])
  await proxy.apply({ ports: [port] })
  const socket = connect(8080, port.address)
  let answers = ''
  socket.on('data', chunk => (answers += String(chunk)))
  for (const count of [1, 2, 3]) {
    socket.write('GET / HTTP/1.1\r\nHost: web\r\n\r\n')
    while (answers.split('same 0').length <= count) await sleep(5)
    await sleep(1200)
  }
  socket.destroy()
})

test('a request that an endpoint drops without an answer is done by another, where that does no harm', async () => {
  const proxy = startProxy()
  const dropping = createServer(socket => socket.once('data', () => socket.resetAndDestroy()))
  cleanups.push(() => dropping.close())
  const good = await app('good')
  const port = service([await listening(dropping), good.endpoint])
  await proxy.apply({ ports: [port] })
  expect(await fetchFrom(port.address)).toBe('good 0')
  expect(await fetchFrom(port.address, { method: 'PUT', body: 'abc' })).toBe('good 3')
  // The endpoints' turns go on, so one of two is with the endpoint that drops.
  const posts = await Promise.allSettled([1, 2].map(() => fetchFrom(port.address, { method: 'POST', body: 'abc' })))
  expect(posts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('a request that came in pieces and was dropped is done by another as it was', async () => {
  const proxy = startProxy()
  let received = ''
  const dropping = createServer(socket => {
    socket.on('data', chunk => {
      received += String(chunk)
      if (received.endsWith('defgh')) socket.resetAndDestroy()
    })
  })
  cleanups.push(() => dropping.close())
  const good = await app('good')
  const port = service([await listening(dropping), good.endpoint])
  await proxy.apply({ ports: [port] })
  const socket = connect(8080, port.address)
  let answer = ''
  socket.on('data', chunk => (answer += String(chunk)))
  for (const piece of ['PUT / HTTP/1.1\r\nHost: web\r\nContent-Length: 8\r\n\r\n', 'abc', 'defgh']) {
    socket.write(piece)
    while (!`${received}${answer}`.includes(piece) && answer === '') await sleep(5)
  }
  while (!answer.endsWith('good 8')) await sleep(5)
  expect(good.requests).toBe(1)
  socket.destroy()
})

test.each(['fresh', 'kept'] as const)(
  'no request fails while endpoints that exit at once are replaced: %s',
  async kind => {
    const proxy = startProxy()
    const current = [await app('0', { delay: 20 }), await app('0', { delay: 20 })]
    const table = (): { ports: ProxyPort[] } => ({ ports: [service(current.map(({ endpoint }) => endpoint))] })
    await proxy.apply(table())
    const { address } = service([])
    const stop = new AbortController()
    const stopped = stop.signal
    const poll = async (): Promise<number> => {
      const agent = keepAlive()
      let count = 0
      for (; !stopped.aborted; count++) {
        const method = count % 2 === 0 ? 'GET' : 'POST'
        await fetchFrom(address, {
          method,
          body: method === 'POST' ? 'body' : '',
          ...(kind === 'kept' ? { agent } : {}),
        })
      }
      return count
    }
    const clients = Promise.all(Array.from({ length: 20 }, poll))
    clients.catch(() => {})
    for (let version = 1; version <= 10; version++) {
      await sleep(50)
      const old = current.shift()
      current.push(await app(String(version), { delay: 20 }))
      await proxy.apply(table())
      old?.exit()
    }
    stop.abort()
    const counts = await clients
    expect(counts.every(count => count > 0)).toBe(true)
  },
)

test('datagrams go to an endpoint and back, and elsewhere when it leaves', async () => {
  const proxy = startProxy()
  const echo = async (name: string): Promise<ProxyEndpoint> => {
    const socket = createSocket('udp4', (message, from) =>
      socket.send(`${name} ${String(message)}`, from.port, from.address),
    )
    cleanups.push(() => socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return { address: '127.0.0.1', port: socket.address().port }
  }
  const [a, b] = [await echo('a'), await echo('b')]
  await proxy.apply({ ports: [service([a], { protocol: 'UDP' })] })
  const client = createSocket('udp4')
  cleanups.push(() => client.close())
  const ask = async (): Promise<string> => {
    client.send('hello', 8080, service([]).address)
    const [message] = await once(client, 'message')
    return String(message)
  }
  expect([await ask(), await ask()]).toEqual(['a hello', 'a hello'])
  await proxy.apply({ ports: [service([b], { protocol: 'UDP' })] })
  expect(await ask()).toBe('b hello')
})
