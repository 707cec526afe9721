import { request } from 'node:http'
import { PassThrough } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { Refused } from './controls.ts'
import type { ServerFixture } from './server.fixture.ts'
import { examplePod, startServer, token, unaskedFleet } from './server.fixture.ts'
import { configMap, exampleCluster, pendingPod, pod } from './objects.fixture.ts'
import { createServer } from './server.ts'
import { StreamRefused } from '../protocol/streams.ts'

let server: ServerFixture
afterEach(() => server.close())

const text = async (response: Promise<Response>): Promise<string> => (await response).text()
const json = async (response: Promise<Response>): Promise<Record<string, unknown>> =>
  (await (await response).json()) as Record<string, unknown>

const basic = (password: string): string => `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`

test('asks for the token, except for health', async () => {
  server = await startServer()
  const status = async (path: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(server.url + path, { headers })).status
  expect(
    await Promise.all([
      status('/healthz', {}),
      status('/livez', {}),
      status('/readyz', {}),
      status('/api/v1/pods', {}),
      status('/git/hello.git/info/refs', {}),
      status('/metrics', {}),
      status('/gantry/v1/status', {}),
      status('/nothing', {}),
      status('/api/v1/pods', { Authorization: 'Bearer wrong' }),
      status('/api/v1/pods', { Authorization: basic('wrong') }),
      status('/api/v1/pods', { Authorization: `Bearer ${token}` }),
      status('/git/hello.git/info/refs', { Authorization: basic(token) }),
    ]),
  ).toEqual([200, 200, 200, 401, 401, 401, 401, 401, 401, 401, 200, 200])
  const refused = await fetch(`${server.url}/api`)
  expect(refused.headers.get('www-authenticate')).toBe('Basic realm="gantry", charset="UTF-8"')
  expect(await refused.json()).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Unauthorized', code: 401 })
})

/** What fetch will not do: any Host header, any method. */
function raw(path: string, options: { method?: string; headers?: Record<string, string> }): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, ...options.headers }
    request(server.url + path, { method: options.method ?? 'GET', headers }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .once('error', reject)
      .end()
  })
}

test('refuses what a page of another origin could make a browser send', async () => {
  server = await startServer()
  expect(
    await Promise.all([
      raw('/version', { headers: { Host: 'evil.example:7420' } }),
      raw('/version', { headers: { Host: 'localhost:7420' } }),
      raw('/version', { headers: { Host: '[::1]:7420' } }),
      raw('/version', { headers: { 'Sec-Fetch-Site': 'cross-site' } }),
      raw('/version', { headers: { 'Sec-Fetch-Site': 'same-origin' } }),
    ]),
  ).toEqual([403, 200, 200, 403, 200])
})

test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('refuses %s, and says what to do instead', async method => {
  server = await startServer()
  const response = await server.get('/api/v1/namespaces/default/pods/web', { method })
  expect(response.headers.get('allow')).toBe('GET, HEAD')
  expect(await response.json()).toMatchObject({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `Gantry's API is for reading, ${method} is refused; change the followed branch and push (or run gantry rollback)`,
  })
})

test.each([
  ['/api/v1/namespaces/default/pods/gone', 404, { reason: 'NotFound', message: 'pods "gone" not found' }],
  [
    '/apis/apps/v1/namespaces/default/deployments/gone',
    404,
    { message: 'deployments.apps "gone" not found', details: { name: 'gone', group: 'apps', kind: 'deployments' } },
  ],
  ['/apis/none/v1/things', 404, { message: 'the server could not find the requested resource' }],
  ['/api/v1/pods/web', 404, { reason: 'NotFound' }],
  ['/api/v1/namespaces/a/nodes/b', 404, { reason: 'NotFound' }],
  ['/api/v1/pods/%', 404, { reason: 'NotFound' }],
  ['/api/v1/pods?labelSelector=a%20b', 400, { reason: 'BadRequest' }],
  ['/api/v1/pods?limit=many', 400, { message: 'limit must be a whole number of 0 or more, not "many"' }],
  ['/api/v1/pods?continue=x', 400, { reason: 'BadRequest' }],
  ['/api/v1/pods?resourceVersion=5&resourceVersionMatch=Exact', 410, { reason: 'Expired' }],
  ['/api/v1/pods?resourceVersionMatch=Exact', 422, { reason: 'Invalid' }],
  ['/api/v1/pods?watch=1&resourceVersion=99', 410, { message: 'too old resource version: 99 (100)' }],
  ['/api/v1/pods?watch=1&sendInitialEvents=true', 422, { reason: 'Invalid' }],
])('%s is answered with %i', async (path, code, status) => {
  server = await startServer()
  const response = await server.get(path)
  expect([response.status, await response.json()]).toMatchObject([code, { kind: 'Status', code, ...status }])
})

test('what lies in the future is waited for, then put off', async () => {
  server = await startServer()
  const ahead = json(server.get('/api/v1/pods?resourceVersion=101'))
  const tooFar = server.get('/api/v1/pods?resourceVersion=5000')
  server.put(examplePod('web'))
  expect(await ahead).toMatchObject({ metadata: { resourceVersion: '101' } })
  expect(await json(tooFar)).toMatchObject({
    code: 504,
    reason: 'Timeout',
    details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
  })
})

test('the pages of a list show one state, whatever changes between them', async () => {
  server = await startServer()
  for (const name of ['a', 'b', 'c', 'd', 'e']) server.put(examplePod(name))
  const seen: unknown[] = []
  let token = ''
  do {
    const page = (await json(server.get(`/api/v1/pods?limit=2&continue=${token}`))) as {
      metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
      items: { metadata: { name: string } }[]
    }
    const { resourceVersion, remainingItemCount } = page.metadata
    seen.push([page.items.map(({ metadata }) => metadata.name).join(), resourceVersion, remainingItemCount])
    token = page.metadata.continue ?? ''
    server.remove(examplePod('d'))
    server.put(examplePod(`after-${seen.length}`))
  } while (token !== '')
  expect(seen).toEqual([
    ['a,b', '105', 3],
    ['c,d', '105', 1],
    ['e', '105', undefined],
  ])
})

test('a list that can no longer be continued is expired', async () => {
  server = await startServer({ watchBuffer: 1 })
  server.put(examplePod('a'), examplePod('b'))
  const { metadata } = (await json(server.get('/api/v1/pods?limit=1'))) as { metadata: { continue: string } }
  for (let i = 0; i < 4; i++) server.put(examplePod('a'))
  const next = await server.get(`/api/v1/pods?limit=1&continue=${metadata.continue}`)
  expect(await next.json()).toMatchObject({ code: 410, reason: 'Expired' })
})

test('Tables and bare metadata come where they are asked for', async () => {
  server = await startServer()
  server.put(...exampleCluster)
  const get = (accept: string, query = ''): Promise<Record<string, unknown>> =>
    json(server.get(`/api/v1/namespaces/shop/configmaps${query}`, { headers: { Accept: accept } }))
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const metadata = { name: 'greeting', namespace: 'shop' }
  expect(await get(`${table},application/json`)).toMatchObject({
    kind: 'Table',
    columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
    rows: [{ cells: ['greeting', 2, '20h'], object: { kind: 'PartialObjectMetadata', metadata } }],
  })
  expect(await get(table, '?includeObject=Object')).toMatchObject({ rows: [{ object: { data: configMap.data } }] })
  expect(await get(table, '?includeObject=None')).toMatchObject({
    rows: [{ cells: ['greeting', 2, '20h'] }],
  })
  expect(await get('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')).toMatchObject({
    kind: 'PartialObjectMetadataList',
    items: [{ kind: 'PartialObjectMetadata', metadata }],
  })
  expect(await get('application/vnd.kubernetes.protobuf')).toMatchObject({ code: 406, reason: 'NotAcceptable' })
  expect(await get('application/vnd.kubernetes.protobuf,application/json')).toMatchObject({ kind: 'ConfigMapList' })
})

test('a long list is compressed for whom it suits', async () => {
  server = await startServer()
  for (let i = 0; i < 300; i++) server.put(examplePod(`web-${i}`))
  const encoding = async (accept: string, path = '/api/v1/pods'): Promise<unknown> => {
    const response = await server.get(path, { headers: { 'Accept-Encoding': accept } })
    const { items } = (await response.json()) as { items: unknown[] }
    return [response.headers.get('content-encoding'), items.length]
  }
  expect(await encoding('gzip')).toEqual(['gzip', 300])
  expect(await encoding('identity')).toEqual([null, 300])
  expect(await encoding('gzip;q=0')).toEqual([null, 300])
  expect(await encoding('gzip', '/api/v1/pods?limit=3')).toEqual([null, 3])
})

const failed = (reason: string): string => `[-]record failed: ${reason}\n[+]agent ok\nreadyz check failed\n`

test('readiness lists its checks; why one fails is for who has the token', async () => {
  server = await startServer({
    ready: () => ({
      ok: false,
      checks: [
        { name: 'record', ok: false, message: 'the disk is full' },
        { name: 'agent', ok: true },
      ],
    }),
  })

  expect(await text(fetch(`${server.url}/readyz`))).toBe(failed('reason withheld'))
  const trusted = await server.get('/readyz')
  expect([trusted.status, await trusted.text()]).toEqual([503, failed('the disk is full')])
  expect(await text(server.get('/healthz'))).toBe('ok')
})

test.each<[string, Parameters<typeof startServer>[0] & object, string, number, string]>([
  ['the only container', {}, '', 200, 'line 1 of web\nline 2\n'],
  ['a container that is not there', {}, '?container=x', 400, 'container x is not valid for pod web-5d8f-abcde'],
  ['one that ran before', {}, '?container=web&previous=true', 200, 'line 1 of web\nline 2\n'],
  [
    'one that did not',
    {},
    '?container=migrate&previous=true',
    400,
    'previous terminated container "migrate" in pod "web-5d8f-abcde" not found',
  ],
  ['a time that is none', {}, '?sinceTime=yesterday', 400, 'sinceTime must be a time as in RFC 3339, not "yesterday"'],
  [
    'a node that is away',
    { openStream: () => Promise.reject(new StreamRefused(503, 'node node-1 is not connected')) },
    '',
    503,
    'node node-1 is not connected',
  ],
])('logs of %s', async (_, options, query, code, body) => {
  server = await startServer({ ...options })
  server.put(pod)
  const response = await server.get(`/api/v1/namespaces/shop/pods/web-5d8f-abcde/log${query}`)
  const answer = await response.text()
  expect([response.status, code === 200 ? answer : (JSON.parse(answer) as { message: string }).message]).toEqual([
    code,
    body,
  ])
})

test('a pod without a node has an empty log; one that waits says for what', async () => {
  server = await startServer()
  const waiting = { name: 'web', image: '', imageID: '', ready: false, restartCount: 0 }
  server.put(pendingPod, {
    ...pod,
    status: { phase: 'Pending', containerStatuses: [{ ...waiting, state: { waiting: { reason: 'ErrImagePull' } } }] },
  })
  const log = (name: string): Promise<Response> => server.get(`/api/v1/namespaces/shop/pods/${name}/log`)
  expect(await text(log('web-5d8f-fghij'))).toBe('')
  expect(await json(log('web-5d8f-abcde'))).toMatchObject({
    message: 'container "web" in pod "web-5d8f-abcde" is waiting to start: image can\'t be pulled',
  })
})

test('a log is let go of when its reader goes', async () => {
  const signals: AbortSignal[] = []
  server = await startServer({
    async openStream(_, _request, signal) {
      signals.push(signal)
      const stream = new PassThrough()
      stream.write('first\n')
      return stream
    },
  })
  server.put(pod)
  const reader = new AbortController()
  await server.get('/api/v1/namespaces/shop/pods/web-5d8f-abcde/log?follow=true', { signal: reader.signal })
  reader.abort()
  await expect.poll(() => signals.map(signal => signal.aborted)).toEqual([true])
})

test('what the engine refuses comes with its remedy, and asks come as JSON alone', async () => {
  let downs = 0
  server = await startServer({
    engine: {
      status: () => {
        throw new Error('not asked')
      },
      history: ({ limit }) => Promise.resolve(Array.from({ length: limit }, () => entry)),
      changeNode: () => Promise.reject(new Error('not asked')),
      rollback: ({ commit }) =>
        Promise.reject(new Refused(`commit ${commit} is not in the history`, 'see gantry history')),
      down: () => void downs++,
      fleet: unaskedFleet,
    },
  })
  const revision = { commit: 'c', tree: 't', subject: 's', author: 'a', committedAt: 1 }
  const entry = { revision, current: true }
  const post = (path: string, body: string, type = 'application/json'): Promise<Record<string, unknown>> =>
    json(server.get(path, { method: 'POST', body, headers: { 'Content-Type': type } }))
  expect(await json(server.get('/gantry/v1/history?limit=2'))).toEqual({ items: [entry, entry] })
  expect(await post('/gantry/v1/rollback', '{"commit":"abc"}')).toMatchObject({
    code: 409,
    message: 'commit abc is not in the history; see gantry history',
  })
  expect(await post('/gantry/v1/down', '{}')).toEqual({})
  await expect.poll(() => downs).toBe(1)
  expect(await post('/gantry/v1/down', '{}', 'text/plain')).toMatchObject({ code: 415 })
  expect(await post('/gantry/v1/down', '[]')).toMatchObject({ code: 400 })
  expect(await post('/gantry/v1/down', `{"why":"${'x'.repeat(70_000)}"}`)).toMatchObject({ code: 413 })
  expect(downs).toBe(1)
})

test('counts requests and watches', async () => {
  server = await startServer()
  await text(server.get('/api/v1/pods'))
  const reader = new AbortController()
  await server.get('/api/v1/pods?watch=true', { signal: reader.signal })
  const metrics = await text(server.get('/metrics'))
  expect(metrics).toContain('gantry_http_request_duration_seconds_count{method="GET",route="api",code="200"} 1')
  expect(metrics).toContain('gantry_http_watches{kind="Pod"} 1')
  reader.abort()
})

test('a port in use is named with the remedy; the world is no place for plain HTTP', async () => {
  server = await startServer()
  const other = createServer({ ...(await optionsOf()) })
  const port = Number(new URL(server.url).port)
  await expect(other.listen({ host: '127.0.0.1', port })).rejects.toThrow(
    `cannot listen on 127.0.0.1, port ${port}: another program uses the port; stop that program or choose another port with --port`,
  )
  await expect(other.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow(
    'listening on 0.0.0.0 without TLS is refused',
  )
  await other.close()
})

async function optionsOf(): Promise<Parameters<typeof createServer>[0]> {
  const { Registry } = await import('prom-client')
  return {
    store: server.store,
    token,
    version: '0',
    git: () => Promise.resolve(),
    ready: () => ({ ok: true, checks: [] }),
    openStream: () => Promise.reject(new Error('not asked')),
    measure: () => Promise.reject(new Error('not asked')),
    engine: {
      status: () => {
        throw new Error('not asked')
      },
      history: () => Promise.resolve([]),
      changeNode: () => Promise.reject(new Error('not asked')),
      rollback: () => Promise.reject(new Error('not asked')),
      down: () => {},
      fleet: unaskedFleet,
    },
    registry: new Registry(),
    onError: () => undefined,
  }
}
