/** Probes against real servers on loopback. */
import { createServer, type Server } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Container, Probe } from '../../engine/api/types.ts'
import { container } from '../pods/fixtures.ts'
import type { ExecResult } from '../runtime/runtime.ts'
import { check } from './check.ts'

let http: Server
let grpc: TcpServer
let silent: TcpServer
const ports = { http: 0, grpc: 0, silent: 0, closed: 0 }

beforeAll(async () => {
  http = createServer((request, response) => {
    const [, status = '200', location] = (request.url ?? '').split('|')
    response.writeHead(Number(status), location === undefined ? {} : { location })
    response.end(request.headers['x-ask'] ?? '')
  })
  grpc = createHttp2Server().on('stream', (stream, headers) => {
    const asked: Buffer[] = []
    stream.on('data', (chunk: Buffer) => asked.push(chunk))
    stream.on('end', () => {
      const isKnown =
        Buffer.concat(asked).toString().endsWith('known') && headers[':path'] === '/grpc.health.v1.Health/Check'
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, isKnown ? 1 : 2]))
    })
  })
  silent = createTcpServer(socket => socket.on('error', () => socket.destroy()))
  ports.http = await listen(http)
  ports.grpc = await listen(grpc)
  ports.silent = await listen(silent)
  const closed = createTcpServer()
  ports.closed = await listen(closed)
  await new Promise(resolve => closed.close(resolve))
})
afterAll(() => {
  for (const server of [http, grpc, silent]) server.close()
})

function listen(server: TcpServer): Promise<number> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

type Way = Pick<Probe, 'httpGet' | 'tcpSocket' | 'exec' | 'grpc'>

function tryOnce(way: Way, { exec, web = container('web') }: { exec?: ExecResult; web?: Container } = {}) {
  const probe: Probe = {
    initialDelaySeconds: 0,
    timeoutSeconds: 0.3,
    periodSeconds: 1,
    successThreshold: 1,
    failureThreshold: 1,
    ...way,
  }
  const runtime = { exec: async () => exec ?? { exitCode: 0, output: '' } }
  return check(
    probe,
    { container: web, containerId: 'web-0', host: '127.0.0.1', runtime },
    new AbortController().signal,
  )
}

const get = (path: string, port: number | string = ports.http): Way => ({ httpGet: { path, port, scheme: 'HTTP' } })

test.each<{ name: string; way: () => Way; exec?: ExecResult; result: { ok: boolean; message: unknown } }>([
  { name: 'HTTP 200', way: () => get('/|200'), result: { ok: true, message: '' } },
  { name: 'HTTP 399', way: () => get('/|399'), result: { ok: true, message: '' } },
  {
    name: 'HTTP 404',
    way: () => get('/|404'),
    result: { ok: false, message: 'HTTP probe failed with statuscode: 404' },
  },
  {
    name: 'HTTP 500',
    way: () => get('/|500'),
    result: { ok: false, message: 'HTTP probe failed with statuscode: 500' },
  },
  { name: 'a redirect that is followed', way: () => get('/|302|/'), result: { ok: true, message: '' } },
  {
    name: 'a redirect to elsewhere',
    way: () => get('/|302|http://elsewhere.example/'),
    result: { ok: true, message: 'redirected to elsewhere.example, not followed' },
  },
  {
    name: 'nobody listens',
    way: () => get('/', ports.closed),
    result: { ok: false, message: expect.stringMatching(/ECONNREFUSED/) },
  },
  { name: 'no answer', way: () => get('/', ports.silent), result: { ok: false, message: 'no answer within 0.3s' } },
  {
    name: 'a port that is not named',
    way: () => get('/', 'metrics'),
    result: { ok: false, message: 'couldn\'t find port: "metrics" in container "web"' },
  },
  { name: 'TCP', way: () => ({ tcpSocket: { port: ports.silent } }), result: { ok: true, message: '' } },
  {
    name: 'TCP, refused',
    way: () => ({ tcpSocket: { port: ports.closed } }),
    result: { ok: false, message: expect.stringMatching(/ECONNREFUSED/) },
  },
  {
    name: 'a command',
    way: () => ({ exec: { command: ['true'] } }),
    exec: { exitCode: 0, output: 'fine\n' },
    result: { ok: true, message: 'fine' },
  },
  {
    name: 'a command that fails',
    way: () => ({ exec: { command: ['false'] } }),
    exec: { exitCode: 1, output: 'broken\n' },
    result: { ok: false, message: 'broken' },
  },
  {
    name: 'a command that hangs',
    way: () => ({ exec: { command: ['sleep', '9'] } }),
    exec: { exitCode: undefined, output: '' },
    result: { ok: false, message: 'command timed out: "sleep 9" timed out after 0.3s' },
  },
  { name: 'gRPC', way: () => ({ grpc: { port: ports.grpc, service: 'known' } }), result: { ok: true, message: '' } },
  {
    name: 'gRPC, not serving',
    way: () => ({ grpc: { port: ports.grpc } }),
    result: { ok: false, message: 'service unhealthy (responded with "NOT_SERVING")' },
  },
  {
    name: 'gRPC, refused',
    way: () => ({ grpc: { port: ports.closed } }),
    result: { ok: false, message: expect.stringMatching(/ECONNREFUSED/) },
  },
  {
    name: 'gRPC, no answer',
    way: () => ({ grpc: { port: ports.silent } }),
    result: { ok: false, message: 'no answer within 0.3s' },
  },
])('$name', async ({ way, exec, result }) => {
  expect(await tryOnce(way(), exec ? { exec } : {})).toEqual(result)
})
