import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeWith } from '../../../test/needs.ts'
import { createNetwork } from '../../network/create.ts'
import type { NodeNetwork } from '../../network/network.ts'
import type { ContainerSpec, Runtime, RuntimeEvent, SandboxSpec } from '../runtime.ts'
import { until } from '../runtime.fixture.ts'
import { busyboxImage, dockerSocket } from './fixture.ts'
import { createDockerRuntime } from './runtime.ts'

describeWith(['docker', 'busybox'], 'docker runtime', () => {
  const owner = { clusterUid: randomUUID(), nodeName: 'test-node' }
  let folder: string
  let network: NodeNetwork
  let image: string
  let runtime: Runtime
  let pod: SandboxSpec
  const tags: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gantry-docker-'))
    const ranges = { podCIDR: '127.77.4.0/24', serviceCIDR: '127.78.4.0/24' }
    network = await createNetwork({ ...owner, ...ranges, mode: 'loopback', folder: join(folder, 'network') })
    image = busyboxImage()
  })
  beforeEach(async () => {
    runtime = await open(dockerSocket())
    pod = {
      podUid: randomUUID(),
      namespace: 'shop',
      name: 'web-0',
      hostname: 'web-0',
      hostNetwork: false,
      hostAliases: [],
      ports: [],
      labels: {},
    }
    await runtime.createSandbox(pod)
  })
  afterEach(async () => {
    await runtime.destroy?.()
    await runtime.close()
  })
  afterAll(async () => {
    execFileSync('docker', ['rmi', '--force', image, ...tags], { stdio: 'ignore' })
    await network.destroy()
    await rm(folder, { recursive: true, force: true })
  })

  const open = (socket: string, clusterUid = owner.clusterUid): Promise<Runtime> =>
    createDockerRuntime({ ...owner, clusterUid, network, folder: join(folder, clusterUid), socket })

  function container(script: string, overrides: Partial<ContainerSpec> = {}): ContainerSpec {
    return {
      podUid: pod.podUid,
      namespace: pod.namespace,
      podName: pod.name,
      name: 'main',
      attempt: 0,
      image,
      command: ['/bin/sh', '-c', script],
      env: {},
      mounts: [],
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      stdin: false,
      tty: false,
      ...overrides,
    }
  }

  test.each([
    { policy: 'Never', name: 'gantry-test/none:1', reason: 'ErrImageNeverPull' },
    { policy: 'IfNotPresent', name: '127.0.0.1:1/none:1', reason: 'ErrImagePull' },
    { policy: 'IfNotPresent', name: 'Not A Name', reason: 'InvalidImageName' },
    { policy: 'Always', name: 'Upper/Case', reason: 'InvalidImageName' },
  ] as const)('an image that is not there: $reason', async ({ policy, name, reason }) => {
    await expect(runtime.ensureImage(name, { policy })).rejects.toMatchObject({ reason })
  })

  test('an image that is there is taken as it is', async () => {
    const imageID = docker('image', 'inspect', '--format', '{{.Id}}', image)
    expect(await runtime.ensureImage(image, { policy: 'IfNotPresent' })).toEqual({ imageID })
    expect(await runtime.ensureImage(image, { policy: 'Never' })).toEqual({ imageID })
  })

  /** The image under a name of this registry, as an earlier pull would have left it. */
  function tagged(registry: string): string {
    const name = `${registry}/gantry-test:${randomUUID().slice(0, 8)}`
    docker('tag', image, name)
    tags.push(name)
    return name
  }

  test('Always takes the image that is there where its registry cannot be reached, and says so', async () => {
    const name = tagged('127.0.0.1:1')
    const presence = await runtime.ensureImage(name, { policy: 'Always' })
    expect(presence).toEqual({
      imageID: docker('image', 'inspect', '--format', '{{.Id}}', image),
      stale: expect.stringContaining('connection refused'),
    })
  })

  test('a registry that is silent is not waited for where the image is there', { timeout: 30_000 }, async () => {
    const silent = await listening(createServer(() => {}))
    try {
      const name = tagged(`127.0.0.1:${portOf(silent)}`)
      const { stale } = await runtime.ensureImage(name, { policy: 'Always' })
      expect(stale).toMatch(/no answer within 10 s|timeout|Timeout/)
    } finally {
      silent.close()
    }
  })

  test.each([401, 403, 404])('a registry that answers %i refuses, also where the image is there', async status => {
    const registry = await listening(
      createHttpServer((request, response) => response.writeHead(request.url === '/v2/' ? 200 : status).end('{}')),
    )
    try {
      const name = tagged(`127.0.0.1:${portOf(registry)}`)
      await expect(runtime.ensureImage(name, { policy: 'Always' })).rejects.toMatchObject({ reason: 'ErrImagePull' })
    } finally {
      registry.close()
    }
  })

  test('containers of a pod share their network, and have their limits', async () => {
    await runtime.startContainer(container('while :; do echo hello | nc -l -p 8080; done', { name: 'server' }))
    const resources = { requests: { cpu: '250m' }, limits: { cpu: '500m', memory: '64Mi' } }
    const { id } = await runtime.startContainer(container('sleep 1000', { name: 'client', resources }))
    const asked = (): ReturnType<Runtime['exec']> =>
      runtime.exec(id, { command: ['nc', '127.0.0.1', '8080'], timeoutMs: 2000 })
    expect(await until(asked, result => result.exitCode === 0)).toEqual({ exitCode: 0, output: 'hello\n' })
    const limits = docker(
      'inspect',
      '--format',
      '{{.HostConfig.CpuShares}} {{.HostConfig.CpuQuota}} {{.HostConfig.Memory}}',
      id,
    )
    expect(limits).toBe(`256 50000 ${64 * 1024 * 1024}`)
  })

  test('a container that takes more memory than its limit is killed, and says why', async () => {
    const spec = container('', { command: ['sort', '/dev/zero'], resources: { limits: { memory: '16Mi' } } })
    const { id } = await runtime.startContainer(spec)
    const state = async () => (await runtime.list())[0]?.containers.find(one => one.id === id)?.state
    const ended = await until(state, found => found?.kind === 'exited')
    expect(ended).toMatchObject({ exitCode: 137, oomKilled: true })
  })

  test('a container that was created and never started is started by the next agent', async () => {
    const spec = container('echo once; sleep 1000')
    const first = await runtime.startContainer(spec)
    const name = docker('inspect', '--format', '{{.Name}}', first.id).slice(1)
    const { Config, HostConfig } = JSON.parse(docker('inspect', '--format', '{{json .}}', first.id))
    await runtime.removeContainer(first.id)
    const labels = Object.entries(Config.Labels).flatMap(([key, value]) => ['--label', `${key}=${String(value)}`])
    const created = docker(
      'create',
      '--name',
      name,
      '--network',
      HostConfig.NetworkMode,
      ...labels,
      image,
      'sleep',
      '1000',
    )
    expect((await runtime.list())[0]?.containers.map(one => one.state.kind)).toEqual(['created'])
    expect(await runtime.startContainer(spec)).toMatchObject({ id: created, state: { kind: 'running' } })
  })

  test('what is removed by hand is told at once', async () => {
    const events: RuntimeEvent[] = []
    runtime.watch(event => events.push(event))
    const { id } = await runtime.startContainer(container('sleep 1000'))
    docker('rm', '--force', id)
    const gone = { kind: 'vanished', podUid: pod.podUid, containerName: 'main' } as const
    await until(
      async () => events,
      seen => seen.some(event => event.kind === 'vanished'),
    )
    expect(events.at(-1)).toEqual(gone)
    docker('rm', '--force', `gantry_shop_web-0_${pod.podUid}`)
    await until(
      async () => events,
      seen => seen.some(event => event.kind === 'vanished' && event.containerName === undefined),
    )
    expect(await runtime.list()).toEqual([])
    expect((await runtime.createSandbox(pod)).ready).toBe(true)
  })

  test('what sandboxes stand on is made anew where somebody removed it', async () => {
    const pauseImage = docker('inspect', '--format', '{{.Config.Image}}', `gantry_shop_web-0_${pod.podUid}`)
    await runtime.removeSandbox(pod.podUid)
    docker('network', 'rm', `gantry_${owner.nodeName}_${owner.clusterUid}`)
    docker('rmi', '--force', pauseImage)
    expect((await runtime.createSandbox(pod)).ready).toBe(true)
  })

  test('two clusters on one Engine do not see each other', async () => {
    const { id } = await runtime.startContainer(container('sleep 1000'))
    const other = await open(dockerSocket(), randomUUID())
    try {
      expect(await other.list()).toEqual([])
      await expect(other.exec(id, { command: ['true'], timeoutMs: 1000 })).rejects.toThrow('not to this cluster')
      await expect(other.stopContainer(id, { graceSeconds: 0 })).rejects.toThrow('not to this cluster')
      await other.removeSandbox(pod.podUid)
      await other.destroy?.()
    } finally {
      await other.close()
    }
    expect((await runtime.list())[0]?.containers.map(one => one.state.kind)).toEqual(['running'])
  })

  test('with the Engine away calls say so, and all is listed anew once it is back', async () => {
    const path = join(folder, 'proxy.sock')
    let proxy = await proxyTo(dockerSocket(), path)
    const through = await open(path)
    const events: RuntimeEvent[] = []
    through.watch(event => events.push(event))
    try {
      expect(await through.list()).toHaveLength(1)
      await proxy.stop()
      await expect(through.list()).rejects.toThrow(`the Docker Engine at ${path} does not answer`)
      proxy = await proxyTo(dockerSocket(), path)
      await until(
        async () => events,
        seen => seen.some(event => event.kind === 'resync'),
      )
      expect(await through.list()).toHaveLength(1)
    } finally {
      await through.close()
      await proxy.stop()
    }
  })
})

function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8' }).trim()
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Stands between a client and the Engine, so that the Engine can be away without being stopped. */
async function proxyTo(target: string, path: string): Promise<{ stop: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, client => {
    const engine = connect({ path: target, allowHalfOpen: true })
    for (const socket of [client, engine]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.pipe(engine).pipe(client)
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  return {
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
