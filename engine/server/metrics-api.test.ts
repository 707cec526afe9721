import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NodeUsage } from '../protocol/streams.ts'
import { exampleCluster } from './objects.fixture.ts'
import type { ServerFixture } from './server.fixture.ts'
import { startServer } from './server.fixture.ts'

const at = Date.parse('2026-11-21T10:00:00Z')
const usage: NodeUsage = {
  at,
  windowMs: 15_000,
  node: {
    cpuNanocores: 250_000_000,
    memoryBytes: 2 ** 30,
    network: { receivedBytesPerSecond: 5, transmittedBytesPerSecond: 6 },
  },
  containers: [
    {
      podUid: 'uid-pod-1',
      container: 'web',
      cpuNanocores: 12_345_678,
      memoryBytes: 3_500_000,
      network: { receivedBytesPerSecond: 7, transmittedBytesPerSecond: 8 },
    },
    { podUid: 'a pod of another node', container: 'web', cpuNanocores: 9, memoryBytes: 9 },
  ],
}

let server: ServerFixture
beforeEach(async () => {
  server = await startServer({ measure: async () => new Map([['node-1', usage]]) })
  server.put(...exampleCluster)
})
afterEach(() => server.close())

const get = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await server.get(path)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const root = '/apis/metrics.k8s.io/v1beta1'
const node = {
  metadata: { name: 'node-1', creationTimestamp: '2026-11-21T10:00:00Z' },
  timestamp: '2026-11-21T10:00:00Z',
  window: '15.000s',
  usage: { cpu: '250000000n', memory: '1048576Ki' },
  network: { receivedBytesPerSecond: 5, transmittedBytesPerSecond: 6 },
}
const pod = {
  metadata: { name: 'web-5d8f-abcde', namespace: 'shop', creationTimestamp: '2026-11-21T10:00:00Z' },
  timestamp: '2026-11-21T10:00:00Z',
  window: '15.000s',
  containers: [{ name: 'web', usage: { cpu: '12345678n', memory: '3418Ki' }, restarts: 3 }],
  network: { receivedBytesPerSecond: 7, transmittedBytesPerSecond: 8 },
}

test.each([
  { path: '/nodes', body: { kind: 'NodeMetricsList', items: [node] } },
  { path: '/nodes/node-1', body: { kind: 'NodeMetrics', ...node } },
  { path: '/pods', body: { kind: 'PodMetricsList', items: [pod] } },
  { path: '/namespaces/shop/pods?labelSelector=app%3Dweb', body: { kind: 'PodMetricsList', items: [pod] } },
  { path: '/namespaces/shop/pods?labelSelector=app%3Dnone', body: { kind: 'PodMetricsList', items: [] } },
  { path: '/namespaces/default/pods', body: { kind: 'PodMetricsList', items: [] } },
  { path: '/namespaces/shop/pods/web-5d8f-abcde', body: { kind: 'PodMetrics', ...pod } },
])('$path', async ({ path, body }) => {
  expect(await get(root + path)).toMatchObject({ status: 200, body: { apiVersion: 'metrics.k8s.io/v1beta1', ...body } })
})

test.each([
  ['/nodes/gone', 'nodemetrics.metrics.k8s.io "gone" not found'],
  ['/namespaces/shop/pods/gone', 'podmetrics.metrics.k8s.io "shop/gone" not found'],
  ['/services', 'the server could not find the requested resource'],
  ['/pods/web-5d8f-abcde', 'the server could not find the requested resource'],
])('%s is not there', async (path, message) => {
  expect(await get(root + path)).toMatchObject({ status: 404, body: { message } })
})

test('is found by discovery, for reading without watching', async () => {
  const { body } = await get(root)
  expect(body['resources']).toMatchObject([
    { name: 'nodes', kind: 'NodeMetrics', namespaced: false, verbs: ['get', 'list'] },
    { name: 'pods', kind: 'PodMetrics', namespaced: true, verbs: ['get', 'list'] },
  ])
})
