/** Pods on the real process runtime: with real volumes, probes, hooks and signals. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Container, KubeObject, PodStatus, Probe } from '../../engine/api/types.ts'
import type { EventReport } from '../../engine/protocol/session.ts'
import { createNetwork } from '../network/create.ts'
import type { NodeNetwork } from '../network/network.ts'
import { createProcessRuntime } from '../runtime/process/runtime.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { container, mirror, pod } from './fixtures.ts'
import { createPods, type Pods } from './pods.ts'

let folder: string
let network: NodeNetwork
let runtime: Runtime
let pods: Pods
const statuses = new Map<string, PodStatus | 'gone'>()
const events: EventReport[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-pods-'))
  const owner = { clusterUid: randomUUID(), nodeName: 'node-1' }
  const ranges = { podCIDR: '127.87.0.0/24', serviceCIDR: '127.88.0.0/24' }
  network = await createNetwork({ ...owner, ...ranges, mode: 'loopback', folder: join(folder, 'network') })
  runtime = await createProcessRuntime({ ...owner, network, folder: join(folder, 'runtime') })
  pods = await createPods({
    runtimes: new Map([['process', runtime]]),
    network,
    folder: join(folder, 'pods'),
    nodeName: 'node-1',
    onReport: report => statuses.set(report.name, 'gone' in report ? 'gone' : report.status),
    onEvent: event => events.push(event),
  })
})
afterAll(async () => {
  await pods.stopAll()
  await pods.close()
  await runtime.close()
  await network.destroy()
  await rm(folder, { recursive: true, force: true })
})

const soon = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 15_000, interval: 20 })
const apply = (...objects: KubeObject[]) => pods.apply(mirror(objects))

/** Of its own, since a pod that listens on every address takes it from the whole machine. */
const port = 20_000 + (process.pid % 10_000)

/** Answers every request with what it was told, by its environment and its files. */
const server = `
  const { readFileSync } = require('node:fs')
  const read = path => { try { return readFileSync(path, 'utf8') } catch (error) { return error.code } }
  require('node:http').createServer((request, response) => response.end(JSON.stringify({
    greeting: process.env.GREETING, file: read('/config/greeting'), sub: read('/srv/greeting'),
    secret: read('/secret/key'), init: read('/data/init'),
  })))  .listen(${port}, process.env[process.env.BIND ?? 'POD_IP'] || '0.0.0.0')
  process.on('SIGTERM', () => process.exit(0))
  console.log('begun')`

const readiness: Probe = {
  httpGet: { path: '/', port, scheme: 'HTTP' },
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
}

function web(more: Partial<Container> = {}): Container {
  return container('web', { command: [process.execPath, '-e', server], readinessProbe: readiness, ...more })
}

function configMap(greeting: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', namespace: 'shop' }, data: { greeting } }
}

const secret: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'web', namespace: 'shop' },
  data: { key: Buffer.from('s3cret').toString('base64') },
}

async function ask(name: string): Promise<unknown> {
  const status = statuses.get(name)
  const host = status && status !== 'gone' ? status.podIP : undefined
  return new Promise((resolve, reject) => {
    get({ host, port, agent: false }, response => {
      response.setEncoding('utf8').on('data', text => resolve(JSON.parse(text)))
    }).on('error', reject)
  })
}

test('init container, variables, volumes and their updates, readiness, graceful end', async () => {
  const volumes = [
    { name: 'config', configMap: { name: 'web', defaultMode: 0o644 } },
    { name: 'secret', secret: { secretName: 'web', defaultMode: 0o444 } },
    { name: 'data', emptyDir: {} },
  ]
  const wanted = pod('full', {
    spec: {
      volumes,
      initContainers: [
        container('init', {
          command: ['/bin/sh', '-c', 'echo -n "$(NAME)" > /data/init'],
          env: [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        }),
      ],
      containers: [
        web({
          env: [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'web', key: 'greeting' } } }],
          volumeMounts: [
            { name: 'config', mountPath: '/config' },
            { name: 'config', mountPath: '/srv/greeting', subPath: 'greeting' },
            { name: 'secret', mountPath: '/secret' },
            { name: 'data', mountPath: '/data' },
          ],
        }),
      ],
    },
  })
  apply(wanted, configMap('hello'), secret)
  await soon(() => expect(pods.isReady('uid-full')).toBe(true))
  const first = { greeting: 'hello', file: 'hello', sub: 'hello', secret: 's3cret', init: 'full' }
  expect(await ask('full')).toEqual(first)

  apply(wanted, configMap('good day'), secret)
  await soon(async () => expect(await ask('full')).toEqual({ ...first, file: 'good day' }))

  const request = { podUid: 'uid-full', container: 'web', follow: true, previous: false, timestamps: false }
  const carry = await pods.open({ kind: 'logs', ...request }, new AbortController().signal)
  const log = new PassThrough({ encoding: 'utf8' })
  const carried = carry(log)
  expect(await once(log, 'data')).toEqual(['begun\n'])
  apply()
  await soon(() => expect(statuses.get('full')).toBe('gone'))
  await carried
})

test('a pod that listens on every address is not Ready, and is told how to mend it', async () => {
  apply(pod('wild', { spec: { containers: [web({ env: [{ name: 'BIND', value: 'NOWHERE' }] })] } }))
  await soon(() =>
    expect(events.find(event => event.reason === 'ListensOnEveryAddress')?.message).toMatch(
      /listens on 0.0.0.0:\d+.*\$POD_IP/,
    ),
  )
  await soon(() => expect(pods.isReady('uid-wild')).toBe(false))
})

test('a container that keeps failing waits, with its exit code and last words told', async () => {
  const failing = container('web', { command: ['/bin/sh', '-c', 'echo why > /dev/termination-log; exit 3'] })
  apply(pod('crash', { spec: { containers: [failing] } }))
  await soon(() =>
    expect(statuses.get('crash')).toMatchObject({
      phase: 'Running',
      containerStatuses: [
        {
          restartCount: 1,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'why\n' } },
        },
      ],
    }),
  )
})

test('a container that cannot be set up is told in the words of what forbade it', async context => {
  context.skip(runtime.mountsRefused !== undefined, 'refused by name')
  const volumeMounts = [{ name: 'data', mountPath: '/etc/hosts/data' }]
  apply(pod('broken', { spec: { volumes: [{ name: 'data', emptyDir: {} }], containers: [web({ volumeMounts })] } }))
  const message = expect.stringMatching(/^container web could not be set up: .*\/etc\/hosts/)
  await soon(() =>
    expect(statuses.get('broken')).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ restartCount: 0, state: { waiting: { reason: 'RunContainerError', message } } }],
    }),
  )
  const failures = events.filter(({ ref, reason }) => ref.key === 'shop/broken' && reason === 'Failed')
  expect(failures).toMatchObject([{ type: 'Warning', message }])
})
