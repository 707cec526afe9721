/** The endpoints for exec, attach and port-forward, before an agent that is played by the test. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import { channels, createFrameDecoder, encodeFrames } from '../../protocol/frames.ts'
import { StreamRefused } from '../../protocol/streams.ts'
import type { StreamRequest } from '../../protocol/streams.ts'
import { pendingPod, pod } from '../objects.fixture.ts'
import type { ServerFixture } from '../server.fixture.ts'
import { startServer, token } from '../server.fixture.ts'

/** The agent's end of a stream. */
interface Opened {
  readonly node: string
  readonly request: StreamRequest
  readonly signal: AbortSignal
  readonly agent: Duplex
}

let server: ServerFixture
let opened: Opened[]
afterEach(() => server.close())

async function start(refusal?: Error): Promise<void> {
  opened = []
  server = await startServer({
    async openStream(node, request, signal) {
      if (refusal !== undefined) throw refusal
      const [engine, agent] = duplexPair()
      opened.push({ node, request, signal, agent })
      return engine
    },
  })
  server.put(pod, pendingPod)
}

const exec = 'exec?command=cat&command=-&container=web&stdin=true&stdout=true&stderr=true'

function socketTo(path: string, options: ClientOptions & { protocols?: string[]; tls?: boolean } = {}): WebSocket {
  const { protocols = ['v5.channel.k8s.io'], tls = false, headers, ...rest } = options
  const base = (tls ? server.tls.url : server.url).replace(/^http/, 'ws')
  return new WebSocket(`${base}/api/v1/namespaces/shop/pods/${path}`, protocols, {
    headers: { Authorization: `Bearer ${token}`, ...headers },
    ca: server.tls.caPem,
    ...rest,
  })
}

/** Messages by channel, once the server has closed. */
async function heard(socket: WebSocket): Promise<Record<number, string>> {
  const messages: Record<number, string> = {}
  socket.on('message', (data: Buffer) => {
    const [channel = -1] = data
    messages[channel] = (messages[channel] ?? '') + String(data.subarray(1))
  })
  await once(socket, 'close')
  return messages
}

async function answerTo(socket: WebSocket): Promise<{ code: number; body: string }> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  return { code: response.statusCode ?? 0, body: await text(response) }
}

test.each([
  { protocol: 'v5.channel.k8s.io', tls: false },
  { protocol: 'v4.channel.k8s.io', tls: true },
])('exec over $protocol, TLS $tls', async ({ protocol, tls }) => {
  await start()
  const socket = socketTo(`web-5d8f-abcde/${exec}`, { protocols: ['other', protocol], tls })
  const said = heard(socket)
  await once(socket, 'open')
  expect(socket.protocol).toBe(protocol)
  const [{ node, request, agent } = undefined as never] = opened
  expect({ node, request }).toEqual({
    node: 'node-1',
    request: {
      kind: 'exec',
      podUid: 'uid-pod-1',
      container: 'web',
      command: ['cat', '-'],
      stdin: true,
      tty: false,
    },
  })
  const came: string[] = []
  const decode = createFrameDecoder((channel, payload) => came.push(`${channel} ${String(payload)}`))
  agent.on('data', decode)
  socket.send(Buffer.from('\0hello'))
  socket.send(Buffer.from('\x04{"Width":80,"Height":24}'))
  socket.send(Buffer.from([channels.close, 0]))
  await expect.poll(() => came).toEqual(['0 hello', '4 {"width":80,"height":24}', '255 \0'])
  agent.write(encodeFrames(channels.stdout, Buffer.from('out')))
  agent.write(encodeFrames(channels.stderr, Buffer.from('err')))
  agent.end(encodeFrames(channels.end, Buffer.from('{"exitCode":3}')))
  const { [3]: status = '', ...outputs } = await said
  expect(outputs).toEqual({ 1: 'out', 2: 'err' })
  expect(JSON.parse(status)).toEqual({
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: 'command terminated with non-zero exit code: error executing command [cat -], exit code 3',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  })
})

test.each([
  { ends: 'in good order', end: '{"exitCode":0}', status: { metadata: {}, status: 'Success' } },
  {
    ends: 'by a problem',
    end: '{"problem":"the disk is full"}',
    status: { status: 'Failure', reason: 'InternalError', message: 'Internal error occurred: the disk is full' },
  },
  {
    ends: 'without a word',
    end: undefined,
    status: { status: 'Failure', message: 'Internal error occurred: the node broke off' },
  },
])('attach that ends $ends', async ({ end, status }) => {
  await start()
  const socket = socketTo('web-5d8f-abcde/attach?container=web&stdout=true')
  const said = heard(socket)
  await once(socket, 'open')
  const [{ request, agent } = undefined as never] = opened
  expect(request).toEqual({ kind: 'attach', podUid: 'uid-pod-1', container: 'web', stdin: false })
  agent.write(encodeFrames(channels.stderr, Buffer.from('not wanted')))
  agent.end(end && encodeFrames(channels.end, Buffer.from(end)))
  const { [3]: text = '', ...outputs } = await said
  expect(outputs).toEqual({})
  expect(JSON.parse(text)).toMatchObject(status)
})

test('a client that goes away ends the stream', async () => {
  await start()
  const socket = socketTo(`web-5d8f-abcde/${exec}`)
  await once(socket, 'open')
  socket.terminate()
  await expect.poll(() => opened[0]?.signal.aborted).toBe(true)
})

test('a client that goes away while it waits for a command to read ends the stream', { timeout: 40_000 }, async () => {
  await start()
  const socket = socketTo(`web-5d8f-abcde/${exec}`)
  await once(socket, 'open')
  for (let n = 0; n < 100; n += 1) socket.send(Buffer.alloc(64 * 1024))
  // More than the engine takes in, of what nobody reads.
  await new Promise(resolve => setTimeout(resolve, 200))
  expect(socket.bufferedAmount).toBeGreaterThan(0)
  socket.terminate()
  await expect.poll(() => opened[0]?.signal.aborted, { timeout: 30_000 }).toBe(true)
})

test('a client that reads slowly holds up the agent, and gets everything', async () => {
  await start()
  const socket = socketTo(`web-5d8f-abcde/${exec}`)
  await once(socket, 'open')
  let length = 0
  socket.on('message', (data: Buffer) => (length += data[0] === channels.stdout ? data.length - 1 : 0))
  socket.pause()
  const [{ agent } = undefined as never] = opened
  const frame = encodeFrames(channels.stdout, Buffer.alloc(64 * 1024))
  let written = 0
  const writeOn = (): void => {
    while (written < 500) {
      written += 1
      if (!agent.write(frame)) return void agent.once('drain', writeOn)
    }
    agent.end(encodeFrames(channels.end, Buffer.from('{"exitCode":0}')))
  }
  writeOn()
  await new Promise(resolve => setTimeout(resolve, 500))
  expect(written).toBeLessThan(400)
  socket.resume()
  await once(socket, 'close')
  expect(length).toBe(500 * 64 * 1024)
})

test('ports: two channels each, and each direction ends for itself', async () => {
  await start()
  const socket = socketTo('web-5d8f-abcde/portforward?ports=8080&ports=9090')
  const said = heard(socket)
  await once(socket, 'open')
  await expect
    .poll(() => opened.map(({ request }) => request))
    .toEqual([
      { kind: 'portforward', podUid: 'uid-pod-1', port: 8080 },
      { kind: 'portforward', podUid: 'uid-pod-1', port: 9090 },
    ])
  socket.send(Buffer.from('\0first'))
  socket.send(Buffer.from('\x02second'))
  socket.send(Buffer.from([channels.close, 0]))
  socket.send(Buffer.from([channels.close, 2]))
  const [one, two] = await Promise.all(opened.map(({ agent }) => text(agent.iterator({ destroyOnReturn: false }))))
  expect([one, two]).toEqual(['first', 'second'])
  opened[0]?.agent.end('answer')
  opened[1]?.agent.end('another')
  const port = (number: number): string => String(Buffer.of(number % 256, number >> 8))
  expect(await said).toEqual({
    0: `${port(8080)}answer`,
    1: port(8080),
    2: `${port(9090)}another`,
    3: port(9090),
    255: '\0\x02',
  })
})

test('a port on which nothing listens is told of on its second channel', async () => {
  await start(new StreamRefused(503, 'connection refused'))
  const socket = socketTo('web-5d8f-abcde/portforward?ports=8080')
  expect((await heard(socket))[1]?.slice(2)).toBe('connection refused')
})

test.each<[string, { path?: string; options?: Parameters<typeof socketTo>[1]; refusal?: Error }, number, string]>([
  ['no token', { options: { headers: { Authorization: '' } } }, 401, 'no token was sent'],
  ['another token', { options: { headers: { Authorization: 'Bearer x' } } }, 401, "the token is not this cluster's"],
  ['a page of another origin', { options: { origin: 'https://evil.example' } }, 403, 'a page of another origin'],
  ['a name for loopback', { options: { headers: { Host: 'evil.example' } } }, 403, 'the Host header says'],
  ['another protocol', { options: { protocols: ['chat'] } }, 400, 'the client speaks none of v5.channel.k8s.io'],
  ['a pod that is not there', { path: 'gone/exec?command=ls&stdout=1' }, 404, 'pods \\"gone\\" not found'],
  ['a pod without a node', { path: 'web-5d8f-fghij/exec?command=ls&stdout=1' }, 400, 'does not have a host assigned'],
  [
    'a container that is not there',
    { path: 'web-5d8f-abcde/exec?command=ls&stdout=1&container=db' },
    400,
    'container db is not valid for pod web-5d8f-abcde',
  ],
  [
    'a container that has ended',
    { refusal: new StreamRefused(404, 'container not found ("web")') },
    404,
    'container not found (\\"web\\")',
  ],
  ['no command', { path: 'web-5d8f-abcde/exec?stdout=1' }, 400, 'you must specify at least one command'],
  ['no stream', { path: 'web-5d8f-abcde/exec?command=ls' }, 400, 'at least 1 of stdin, stdout, stderr'],
  ['no port', { path: 'web-5d8f-abcde/portforward' }, 400, 'query parameter \\"ports\\" is required'],
  ['a port that is none', { path: 'web-5d8f-abcde/portforward?ports=99999' }, 400, 'is not a port'],
  ['what has no streams', { path: 'web-5d8f-abcde/status' }, 404, 'could not find the requested resource'],
])('%s is refused', async (_, { path = `web-5d8f-abcde/${exec}`, options, refusal }, code, message) => {
  await start(refusal)
  const answer = await answerTo(socketTo(path, options))
  expect(answer).toMatchObject({ code, body: expect.stringContaining(message) })
  expect(opened).toEqual([])
})

test('a page of this server may stream', async () => {
  await start()
  const socket = socketTo(`web-5d8f-abcde/${exec}`, { origin: server.url })
  await once(socket, 'open')
  socket.terminate()
})

test.each([
  { headers: {}, message: 'Upgrade request required' },
  {
    headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1' },
    message: 'this server streams over WebSocket, not SPDY/3.1',
  },
])('without a WebSocket: $message', async ({ headers, message }) => {
  await start()
  const asked = httpRequest(`${server.url}/api/v1/namespaces/shop/pods/web-5d8f-abcde/${exec}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, ...headers },
  }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(400)
  expect(await text(response)).toContain(message)
})

/** Two ends of one connection, each of which waits for the other's reader. */
function duplexPair(): readonly [Duplex, Duplex] {
  const ends: Duplex[] = []
  const reads: (() => void)[] = [() => {}, () => {}]
  for (const side of [0, 1]) {
    const other = 1 - side
    ends.push(
      new Duplex({
        read() {
          const done = reads[side]
          reads[side] = () => {}
          done?.()
        },
        write(chunk, _, done) {
          reads[other] = done
          ends[other]?.push(chunk)
        },
        final(done) {
          ends[other]?.push(null)
          done()
        },
      }),
    )
  }
  const [one, two] = ends
  if (one === undefined || two === undefined) throw new Error('a pair has two ends')
  return [one, two]
}
