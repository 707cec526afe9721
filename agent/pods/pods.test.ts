import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { KubeObject, PodStatus } from '../../engine/api/types.ts'
import type { EventReport, PodReport } from '../../engine/protocol/session.ts'
import { container, mirror, pod } from './fixtures.ts'
import { memoryNetwork } from './memory-network.ts'
import { MemoryRuntime } from './memory-runtime.ts'
import { createPods, type Pods } from './pods.ts'

let folder: string
const open: Pods[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-pods-'))
})
afterEach(async () => {
  for (const pods of open.splice(0)) await pods.close()
  await rm(folder, { recursive: true, force: true })
})

async function start(runtime: MemoryRuntime) {
  const statuses = new Map<string, PodStatus | 'gone'>()
  const events: EventReport[] = []
  const pods = await createPods({
    runtimes: new Map([[runtime.name, runtime]]),
    network: memoryNetwork(),
    folder,
    nodeName: 'node-1',
    onReport: (report: PodReport) => statuses.set(report.name, 'gone' in report ? 'gone' : report.status),
    onEvent: event => events.push(event),
  })
  open.push(pods)
  return { pods, statuses, events, apply: (...objects: KubeObject[]) => pods.apply(mirror(objects)) }
}

const soon = <T>(check: () => T) => vi.waitFor(check, { timeout: 3000, interval: 5 })

test('starts a pod, reports it Ready, and stops it once drained', async () => {
  const runtime = new MemoryRuntime()
  const { apply, statuses, pods } = await start(runtime)
  apply(pod('a'))
  await soon(() => expect(pods.isReady('uid-a')).toBe(true))
  expect(statuses.get('a')).toMatchObject({ phase: 'Running', podIP: '10.244.0.2' })
  const deleted = { metadata: { deletionTimestamp: '2026-11-20T19:08:09Z' } }
  apply(pod('a', deleted))
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(runtime.running()).toEqual(['a/web:0'])
  apply(pod('a', { ...deleted, status: { conditions: [{ type: 'gantry.dev/Drained', status: 'True' }] } }))
  await soon(() => expect(statuses.get('a')).toBe('gone'))
  expect(runtime.effects).toEqual(['createSandbox a', 'start a/web:0', 'stop a/web:0 grace 30', 'removeSandbox a'])
  expect(await readdir(folder)).toEqual([])
})

test('a container removed by hand is started again at once, and counted', async () => {
  const runtime = new MemoryRuntime()
  const { apply, statuses } = await start(runtime)
  apply(pod('a'))
  await soon(() => expect(runtime.running()).toEqual(['a/web:0']))
  runtime.vanish('uid-a-web-0')
  await soon(() => expect(runtime.running()).toEqual(['a/web:1']))
  await soon(() =>
    expect(statuses.get('a')).toMatchObject({
      containerStatuses: [{ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 137 } } }],
    }),
  )
})

test('an agent that starts again adopts what runs, and acts only once the engine has spoken', async () => {
  const runtime = new MemoryRuntime()
  const first = await start(runtime)
  first.apply(pod('a'), pod('b'))
  await soon(() => expect(runtime.running()).toEqual(['a/web:0', 'b/web:0']))
  await first.pods.close()
  const second = await start(runtime)
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(runtime.running()).toEqual(['a/web:0', 'b/web:0'])
  second.apply(pod('a'))
  await soon(() => expect(runtime.running()).toEqual(['a/web:0']))
  expect(runtime.effects.filter(effect => effect.startsWith('start')).sort()).toEqual([
    'start a/web:0',
    'start b/web:0',
  ])
})

const probe = { initialDelaySeconds: 0, timeoutSeconds: 1, periodSeconds: 1, successThreshold: 1, failureThreshold: 1 }

test('an adopted container that was ready stays so until a probe fails', async () => {
  let answer = { exitCode: 0, output: '' }
  const runtime = new MemoryRuntime({ exec: () => answer })
  const spec = { containers: [container('web', { readinessProbe: { ...probe, exec: { command: ['check'] } } })] }
  const first = await start(runtime)
  first.apply(pod('a', { spec }))
  await soon(() => expect(first.pods.isReady('uid-a')).toBe(true))
  const status = first.statuses.get('a')
  await first.pods.close()
  const second = await start(runtime)
  second.apply(pod('a', { spec, ...(typeof status === 'object' && { status }) }))
  await new Promise(resolve => setTimeout(resolve, 100))
  expect({ ready: second.pods.isReady('uid-a'), reported: second.statuses.size }).toEqual({ ready: true, reported: 0 })
  answer = { exitCode: 1, output: 'no' }
  await soon(() => expect(second.pods.isReady('uid-a')).toBe(false))
  expect(second.events.map(event => `${event.reason} ${event.message}`)).toEqual([
    'Unhealthy Readiness probe failed: no',
  ])
})

test('a container whose liveness probe fails is started again', async () => {
  const runtime = new MemoryRuntime({ exec: id => ({ exitCode: id.endsWith('-0') ? 1 : 0, output: 'stuck' }) })
  const { apply, events } = await start(runtime)
  apply(
    pod('a', {
      spec: { containers: [container('web', { livenessProbe: { ...probe, exec: { command: ['check'] } } })] },
    }),
  )
  await soon(() => expect(runtime.running()).toEqual(['a/web:1']))
  expect(events.map(event => `${event.reason} ${event.message}`)).toEqual([
    'Created Created container: web',
    'Started Started container web',
    'Unhealthy Liveness probe failed: stuck',
    'Killing Container web failed liveness probe, will be restarted',
    'Created Created container: web',
    'Started Started container web',
  ])
})

test('a node is taken down before its engine has spoken', async () => {
  const runtime = new MemoryRuntime()
  const first = await start(runtime)
  first.apply(pod('a'), pod('b'))
  await soon(() => expect(runtime.running()).toHaveLength(2))
  await first.pods.close()
  const second = await start(runtime)
  await second.pods.stopAll()
  expect({ running: runtime.running(), reported: second.statuses.size, folders: await readdir(folder) }).toEqual({
    running: [],
    reported: 0,
    folders: [],
  })
})

test('a sandbox that is lost is made anew, and its containers counted on', async () => {
  const runtime = new MemoryRuntime()
  const { apply } = await start(runtime)
  apply(pod('a'))
  await soon(() => expect(runtime.running()).toEqual(['a/web:0']))
  runtime.breakSandbox('uid-a')
  await soon(() => expect(runtime.running()).toEqual(['a/web:1']))
})

test('what was missing is taken up as soon as it is there', async () => {
  const runtime = new MemoryRuntime()
  const { apply, statuses } = await start(runtime)
  const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'config', key: 'a' } } }]
  const wanted = pod('a', { spec: { containers: [container('web', { env })] } })
  apply(wanted)
  await soon(() =>
    expect(statuses.get('a')).toMatchObject({
      phase: 'Pending',
      containerStatuses: [
        { state: { waiting: { reason: 'CreateContainerConfigError', message: 'configmap "config" not found' } } },
      ],
    }),
  )
  const metadata = { name: 'config', namespace: 'shop' }
  apply(wanted, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'x' } })
  await soon(() => expect(runtime.specOf('uid-a-web-0')?.env).toEqual(expect.objectContaining({ A: 'x' })))
})

test('an effect that fails is told and tried again', async () => {
  let failures = 1
  const runtime = new MemoryRuntime({
    before: async effect => {
      if (effect === 'createSandbox' && failures-- > 0) throw new Error('no more addresses')
    },
  })
  const { apply, pods, events } = await start(runtime)
  apply(pod('a'))
  await soon(() => expect(pods.isReady('uid-a')).toBe(true))
  expect(events[0]).toMatchObject({ type: 'Warning', reason: 'FailedCreatePodSandBox', message: 'no more addresses' })
})

test('a pod of which everything was forgotten fails where it never restarts, and else counts on', async () => {
  const runtime = new MemoryRuntime()
  const { apply, statuses } = await start(runtime)
  const told = {
    name: 'web',
    restartCount: 3,
    containerID: 'process://x',
    image: 'app:1',
    imageID: '',
    ready: true,
    started: true,
    state: { running: { startedAt: '2026-11-20T19:08:09Z' } },
  }
  const status = { phase: 'Running', containerStatuses: [told] }
  apply(pod('never', { spec: { restartPolicy: 'Never' }, status }), pod('always', { status }))
  await soon(() => expect(runtime.running()).toEqual(['always/web:4']))
  await soon(() =>
    expect(statuses.get('never')).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ restartCount: 3, state: { terminated: { exitCode: 137, containerID: 'process://x' } } }],
    }),
  )
  expect(statuses.get('always')).toMatchObject({ containerStatuses: [{ restartCount: 4 }] })
  expect(runtime.effects).toEqual(['createSandbox always', 'start always/web:4'])
})

test('a second delete with a shorter grace shortens the stop that is under way', async () => {
  const runtime = new MemoryRuntime({ stopsAfterMs: 60_000 })
  const { apply, statuses } = await start(runtime)
  const deleted = (deletionGracePeriodSeconds: number) =>
    pod('a', {
      metadata: { deletionTimestamp: '2026-11-20T19:08:09Z', deletionGracePeriodSeconds },
      status: { conditions: [{ type: 'gantry.dev/Drained', status: 'True' }] },
    })
  apply(pod('a'))
  await soon(() => expect(runtime.running()).toEqual(['a/web:0']))
  apply(deleted(60))
  await soon(() => expect(runtime.effects.at(-1)).toBe('stop a/web:0 grace 60'))
  apply(deleted(0))
  await soon(() => expect(statuses.get('a')).toBe('gone'))
  expect(runtime.effects.slice(-3)).toEqual(['stop a/web:0 grace 60', 'stop a/web:0 grace 0', 'removeSandbox a'])
})

test.each([
  { name: 'the end of the log', policy: 'FallbackToLogsOnError', exitCode: 1, message: 'line 1\nline 2\n' },
  { name: 'nothing after success', policy: 'FallbackToLogsOnError', exitCode: 0, message: undefined },
  { name: 'nothing unless asked', policy: 'File', exitCode: 1, message: undefined },
] as const)('in the place of last words: $name', async ({ policy, exitCode, message }) => {
  const runtime = new MemoryRuntime()
  const { apply, statuses } = await start(runtime)
  const containers = [container('web', { terminationMessagePolicy: policy })]
  apply(pod('a', { spec: { containers, restartPolicy: 'Never' } }))
  await soon(() => expect(runtime.running()).toEqual(['a/web:0']))
  runtime.print('uid-a-web-0', 'line 1')
  runtime.print('uid-a-web-0', 'line 2')
  runtime.exit('uid-a-web-0', exitCode)
  await soon(() => {
    const status = statuses.get('a')
    const end = typeof status === 'object' ? status.containerStatuses?.[0]?.state.terminated : undefined
    expect({ exitCode: end?.exitCode, message: end?.message }).toEqual({ exitCode, message })
  })
})

test.each([
  {
    name: 'pulled',
    pulledBytes: 42,
    words: /^Pulling image "app:1" \| Successfully pulled .* in [\d.]+s\. Image size: 42 bytes\.$/,
  },
  { name: 'there', pulledBytes: undefined, words: /^Container image "app:1" already present on machine$/ },
])('tells of an image that is $name, as the kubelet does', async ({ pulledBytes, words }) => {
  const runtime = new MemoryRuntime({ name: 'docker', ...(pulledBytes !== undefined && { pulledBytes }) })
  const { apply, events } = await start(runtime)
  const { runtimeClassName: _, ...spec } = pod('a').spec
  apply({ ...pod('a'), spec })
  await soon(() => expect(runtime.running()).toEqual(['a/web:0']))
  await soon(() => expect(events.at(-1)?.message).toBe('Started container web'))
  const ofImage = events.filter(({ reason }) => reason === 'Pulling' || reason === 'Pulled')
  expect(ofImage.map(({ message }) => message).join(' | ')).toMatch(words)
  expect(events.at(-2)?.message).toBe('Created container: web')
})
