/** Pods on a real Docker Engine: what differs from processes is images, and that others can remove containers. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ConfigMap, KubeObject, PodStatus } from '../../engine/api/types.ts'
import { describeWith } from '../../test/needs.ts'
import { createNetwork } from '../network/create.ts'
import type { NodeNetwork } from '../network/network.ts'
import { busyboxImage, dockerSocket } from '../runtime/docker/fixture.ts'
import { createDockerRuntime } from '../runtime/docker/runtime.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { container, mirror, pod } from './fixtures.ts'
import { createPods, type Pods } from './pods.ts'

const soon = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 20 })

function config(greeting: string): ConfigMap {
  const metadata = { name: 'config', namespace: 'shop' }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { greeting } }
}

describeWith(['docker', 'busybox', 'root', 'ip'], 'pods on Docker', () => {
  let folder: string
  let image: string
  let network: NodeNetwork
  let runtime: Runtime
  let pods: Pods
  const statuses = new Map<string, PodStatus | 'gone'>()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gantry-pods-'))
    image = busyboxImage()
    const owner = { clusterUid: randomUUID(), nodeName: 'node-1' }
    network = await createNetwork({
      ...owner,
      mode: 'bridged',
      bridge: 'gantrytest3',
      nodeAddress: '127.0.0.1',
      podCIDR: '10.199.3.0/24',
      serviceCIDR: '10.199.130.0/24',
      folder: join(folder, 'network'),
    })
    runtime = await createDockerRuntime({ ...owner, network, folder: join(folder, 'runtime'), socket: dockerSocket() })
    pods = await createPods({
      runtimes: new Map([['docker', runtime]]),
      network,
      folder: join(folder, 'pods'),
      nodeName: 'node-1',
      onReport: report => statuses.set(report.name, 'gone' in report ? 'gone' : report.status),
      onEvent: () => undefined,
    })
  })
  afterAll(async () => {
    await pods.stopAll()
    await pods.close()
    await runtime.destroy?.()
    await runtime.close()
    await network.destroy()
    execFileSync('docker', ['rmi', '--force', image], { stdio: 'ignore' })
    await rm(folder, { recursive: true, force: true })
  })

  const apply = (...objects: KubeObject[]) => pods.apply(mirror(objects))
  const idOf = (name: string) => {
    const status = statuses.get(name)
    const id = status && status !== 'gone' ? status.containerStatuses?.[0]?.containerID : undefined
    return id?.replace('docker://', '') ?? ''
  }
  const makePod = (name: string, command: string) => {
    const { runtimeClassName: _, ...spec } = pod(name, {
      spec: {
        terminationGracePeriodSeconds: 1,
        volumes: [{ name: 'config', configMap: { name: 'config', defaultMode: 0o644 } }],
        containers: [
          container('web', {
            image,
            command: ['/bin/sh', '-c', command],
            volumeMounts: [{ name: 'config', mountPath: '/config' }],
          }),
        ],
      },
    }).spec
    return { ...pod(name), spec }
  }
  test('runs, sees a ConfigMap change, is repaired within a second, and goes', async () => {
    const wanted = makePod('a', 'trap "exit 0" TERM; while :; do sleep 1 & wait; done')
    apply(wanted, config('hello'))
    await soon(() => expect(pods.isReady('uid-a')).toBe(true))
    const read = async () =>
      (await runtime.exec(idOf('a'), { command: ['cat', '/config/greeting'], timeoutMs: 5000 })).output
    expect(await read()).toBe('hello')
    apply(wanted, config('good day'))
    await soon(async () => expect(await read()).toBe('good day'))

    const first = idOf('a')
    execFileSync('docker', ['rm', '--force', first], { stdio: 'ignore' })
    const removed = performance.now()
    await soon(() => expect([idOf('a') === first, pods.isReady('uid-a')]).toEqual([false, true]))
    expect(performance.now() - removed).toBeLessThan(3000)
    expect(statuses.get('a')).toMatchObject({ containerStatuses: [{ restartCount: 1 }] })

    apply()
    await soon(() => expect(statuses.get('a')).toBe('gone'))
    expect(await runtime.list()).toEqual([])
  })

  test('a missing image is told, and waited for', async () => {
    const wanted = makePod('b', 'true')
    const [web] = wanted.spec.containers
    const containers = [
      { ...(web ?? container('web')), image: 'gantry-test-none:1', imagePullPolicy: 'Never' as const },
    ]
    apply({ ...wanted, spec: { ...wanted.spec, containers } }, config('hello'))
    await soon(() =>
      expect(statuses.get('b')).toMatchObject({
        phase: 'Pending',
        containerStatuses: [{ state: { waiting: { reason: 'ErrImageNeverPull' } } }],
      }),
    )
  })
})
