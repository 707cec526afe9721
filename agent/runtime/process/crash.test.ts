import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createNetwork } from '../../network/create.ts'
import type { NodeNetwork } from '../../network/network.ts'
import type { Runtime } from '../runtime.ts'
import { processesMarked, signal } from '../../../machine/processes.ts'
import { createProcessRuntime } from './runtime.ts'

const owner = { clusterUid: randomUUID(), nodeName: 'test-node' }
let folder: string
let network: NodeNetwork

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-crash-'))
  network = await createNetwork({
    ...owner,
    mode: 'loopback',
    podCIDR: '127.77.3.0/24',
    serviceCIDR: '127.78.3.0/24',
    folder: join(folder, 'network'),
  })
  await build({
    entryPoints: [join(import.meta.dirname, 'crash.entry.ts')],
    outfile: join(folder, 'agent.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})
afterAll(async () => {
  await network.destroy()
  await rm(folder, { recursive: true, force: true })
})

// A start takes some 40 ms here: the kill falls before, between and after each of its steps.
test.each([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 36, 40, 50, 60])(
  'an agent killed %i ms into a start loses and doubles nothing',
  async ms => {
    const home = join(folder, `after-${ms}`)
    await mkdir(join(home, 'volume'), { recursive: true })
    const { sandbox, container } = podThatCountsItsStarts(join(home, 'volume'))
    await agentKilledAfter(ms, { folder: join(home, 'runtime'), ...owner, sandbox, container })

    const runtime = await createProcessRuntime({ ...owner, network, folder: join(home, 'runtime') })
    try {
      await runtime.createSandbox(sandbox)
      const { id } = await runtime.startContainer(container)
      expect((await stateOf(runtime)).map(one => [one.id, one.state.kind])).toEqual([[id, 'running']])
      await expect.poll(() => readFile(join(home, 'volume/starts'), 'utf8')).toBe('started\n')
      const mains = processesMarked({ GANTRY_POD_UID: sandbox.podUid }).filter(
        found => found.variable('MARK') === 'main',
      )
      expect(mains).toHaveLength(1)
      await runtime.removeSandbox(sandbox.podUid)
      // What was killed may take a moment to be gone.
      await expect.poll(() => processesMarked({ GANTRY_POD_UID: sandbox.podUid })).toEqual([])
    } finally {
      await runtime.close()
    }
  },
)

test('a container killed with its shim is found to have ended', async () => {
  const home = join(folder, 'shim')
  await mkdir(join(home, 'volume'), { recursive: true })
  const { sandbox, container } = podThatCountsItsStarts(join(home, 'volume'))
  const runtime = await createProcessRuntime({ ...owner, network, folder: join(home, 'runtime') })
  try {
    await runtime.createSandbox(sandbox)
    await runtime.startContainer(container)
    for (const { identity } of processesMarked({ GANTRY_POD_UID: sandbox.podUid })) signal(identity, 'SIGKILL')
    await expect
      .poll(async () => (await stateOf(runtime)).map(one => one.state), { timeout: 5000 })
      .toMatchObject([{ kind: 'exited', exitCode: 137 }])
    await runtime.removeSandbox(sandbox.podUid)
  } finally {
    await runtime.close()
  }
})

test('processes whose records are lost are told as strays', async () => {
  const home = join(folder, 'stray')
  await mkdir(join(home, 'volume'), { recursive: true })
  const { sandbox, container } = podThatCountsItsStarts(join(home, 'volume'))
  const before = await createProcessRuntime({ ...owner, network, folder: join(home, 'runtime') })
  await before.createSandbox(sandbox)
  await before.startContainer(container)
  await before.close()
  const after = await createProcessRuntime({ ...owner, network, folder: join(home, 'another') })
  try {
    const strays = (await after.strays?.()) ?? []
    expect(strays.length).toBeGreaterThan(0)
    expect(strays.filter(text => !text.includes(`container main of pod ${sandbox.podUid}`))).toEqual([])
  } finally {
    await after.close()
    for (const { identity } of processesMarked({ GANTRY_POD_UID: sandbox.podUid })) signal(identity, 'SIGKILL')
  }
})

test('after a reboot nothing is adopted, and nothing signalled that only looks like what ran', async () => {
  const home = join(folder, 'reboot')
  await mkdir(join(home, 'volume'), { recursive: true })
  const { sandbox, container } = podThatCountsItsStarts(join(home, 'volume'))
  const before = await createProcessRuntime({ ...owner, network, folder: join(home, 'runtime') })
  await before.createSandbox(sandbox)
  const { id } = await before.startContainer(container)
  await before.close()
  // What a reboot changes of the records: they are of another boot. The process stands for one with the same pid.
  for (const record of [`containers/${id}/container.json`, `sandboxes/${sandbox.podUid}/sandbox.json`]) {
    const path = join(home, 'runtime', record)
    const held: object = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...held, bootId: randomUUID() }))
  }
  const after = await createProcessRuntime({ ...owner, network, folder: join(home, 'runtime') })
  try {
    expect(await after.list()).toMatchObject([
      {
        ready: false,
        containers: [
          { id, state: { kind: 'exited', exitCode: 137, message: expect.stringContaining('started anew') } },
        ],
      },
    ])
    await after.stopContainer(id, { graceSeconds: 0 })
    await after.removeSandbox(sandbox.podUid)
    const isMain = ({ variable }: { variable: (name: string) => string | undefined }) => variable('MARK') === 'main'
    expect(processesMarked({ GANTRY_POD_UID: sandbox.podUid }).filter(isMain)).toHaveLength(1)
    expect(await after.createSandbox(sandbox)).toMatchObject({ ready: true, containers: [] })
    expect(await after.startContainer({ ...container, attempt: 1 })).toMatchObject({ state: { kind: 'running' } })
    await after.removeSandbox(sandbox.podUid)
  } finally {
    await after.close()
    for (const { identity } of processesMarked({ GANTRY_POD_UID: sandbox.podUid })) signal(identity, 'SIGKILL')
  }
})

async function stateOf(runtime: Runtime) {
  return (await runtime.list()).flatMap(sandbox => sandbox.containers)
}

async function agentKilledAfter(ms: number, orders: object): Promise<void> {
  const agent = spawn(process.execPath, [join(folder, 'agent.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
  agent.stdin.end(JSON.stringify(orders))
  await once(agent.stdout, 'data')
  await new Promise(resolve => setTimeout(resolve, ms))
  agent.kill('SIGKILL')
  await once(agent, 'exit')
}

function podThatCountsItsStarts(volume: string) {
  const podUid = randomUUID()
  const sandbox = {
    podUid,
    namespace: 'shop',
    name: 'web',
    hostname: 'web',
    ip: '127.77.3.9',
    hostNetwork: false,
    hostAliases: [],
    ports: [],
    labels: {},
  }
  const container = {
    podUid,
    namespace: 'shop',
    podName: 'web',
    name: 'main',
    attempt: 0,
    command: ['/bin/sh', '-c', 'echo started >>/volume/starts; exec sleep 1000'],
    env: { MARK: 'main' },
    mounts: [{ hostPath: volume, containerPath: '/volume', readOnly: false }],
    resources: {},
    ...(process.getuid?.() === 0 ? { securityContext: { runAsUser: 0 } } : {}),
    terminationMessagePath: '/dev/termination-log',
    stdin: false,
    tty: false,
  }
  return { sandbox, container }
}
