import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { describeWith } from '../../../test/needs.ts'
import { createNetwork } from '../../network/create.ts'
import type { NetworkOptions } from '../../network/create.ts'
import type { RuntimeUnderTest } from '../runtime.fixture.ts'
import { runtimeSuite } from '../runtime.suite.ts'
import { createProcessRuntime } from './runtime.ts'

async function machine(
  options: Pick<NetworkOptions, 'podCIDR' | 'serviceCIDR'> & Partial<NetworkOptions>,
): Promise<RuntimeUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-process-'))
  const owner = { clusterUid: randomUUID(), nodeName: 'test-node' }
  const network = await createNetwork({ ...owner, ...options, folder: join(folder, 'network') })
  return {
    open: () => createProcessRuntime({ ...owner, network, folder: join(folder, 'runtime') }),
    allocate: podUid => network.allocate(podUid),
    image: undefined,
    asUser: process.getuid?.(),
    dispose: async () => {
      await network.destroy()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

describe(`process runtime, loopback addresses, as user ${process.getuid?.()}`, () => {
  runtimeSuite(() => machine({ mode: 'loopback', podCIDR: '127.77.0.0/24', serviceCIDR: '127.78.0.0/24' }))
})

describeWith(['root', 'ip'], 'process runtime, bridged', () => {
  runtimeSuite(() =>
    machine({
      mode: 'bridged',
      bridge: 'gantrytest1',
      nodeAddress: '127.0.0.1',
      podCIDR: '10.199.1.0/24',
      serviceCIDR: '10.199.128.0/24',
    }),
  )
})

describeWith(['root'], 'process runtime, as an ordinary user', () => {
  const user = { uid: 61_234, gid: 61_234 }
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--configLoader=runner', '--project=unit', '--cache=false']
  let home: string
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'gantry-user-'))
    await chown(home, user.uid, user.gid)
  })
  afterEach(async () => {
    await rm(home, { recursive: true, force: true })
  })

  async function suitePasses(before: readonly string[]): Promise<void> {
    const [program = '', ...args] = [...before, process.execPath, ...vitest, 'agent/runtime/process/runtime.test.ts']
    const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: home, GANTRY_TEST_STRICT: '0' }
    await promisify(execFile)(program, args, { ...user, env })
  }

  test('passes the whole suite', { timeout: 120_000 }, () => suitePasses([]))

  test('passes it where user namespaces are forbidden, but for mounts', { timeout: 120_000 }, async () => {
    // Within one user namespace that allows a second and no third: the second one's processes are an ordinary user's.
    const forbid = 'echo 1 >/proc/sys/user/max_user_namespaces; exec "$@"'
    const outer = ['unshare', '--user', '--map-root-user', '/bin/sh', '-c', forbid, 'sh']
    await suitePasses([...outer, 'unshare', '--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`])
  })
})
