import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWith } from '../../../test/needs.ts'
import { createNetwork } from '../../network/create.ts'
import type { NetworkOptions } from '../../network/create.ts'
import type { Runtime } from '../runtime.ts'
import type { RuntimeUnderTest } from '../runtime.fixture.ts'
import { runtimeSuite } from '../runtime.suite.ts'
import { busyboxImage, dockerSocket } from './fixture.ts'
import { createDockerRuntime } from './runtime.ts'

async function machine(
  options: Pick<NetworkOptions, 'podCIDR' | 'serviceCIDR'> & Partial<NetworkOptions>,
): Promise<RuntimeUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-docker-'))
  const owner = { clusterUid: randomUUID(), nodeName: 'test-node' }
  const network = await createNetwork({ ...owner, ...options, folder: join(folder, 'network') })
  const image = busyboxImage()
  const open = (): Promise<Runtime> =>
    createDockerRuntime({ ...owner, network, folder: join(folder, 'runtime'), socket: dockerSocket() })
  return {
    open,
    image,
    asUser: undefined,
    allocate: podUid => network.allocate(podUid),
    dispose: async () => {
      const last = await open()
      await last.destroy?.()
      await last.close()
      await network.destroy()
      execFileSync('docker', ['rmi', '--force', image], { stdio: 'ignore' })
      await rm(folder, { recursive: true, force: true })
    },
  }
}

describeWith(['docker', 'busybox'], 'docker runtime, a network of its own', () => {
  runtimeSuite(() => machine({ mode: 'loopback', podCIDR: '127.77.1.0/24', serviceCIDR: '127.78.1.0/24' }))
})

describeWith(['docker', 'busybox', 'root', 'ip'], "docker runtime, on the node's bridge", () => {
  runtimeSuite(() =>
    machine({
      mode: 'bridged',
      bridge: 'gantrytest2',
      nodeAddress: '127.0.0.1',
      podCIDR: '10.199.2.0/24',
      serviceCIDR: '10.199.129.0/24',
    }),
  )
})
