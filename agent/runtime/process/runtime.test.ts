import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWith } from '../../../test/needs.ts'
import { createNetwork } from '../../network/create.ts'
import { runtimeSuite } from '../runtime.suite.ts'
import { createProcessRuntime } from './runtime.ts'

describeWith(['root'], 'process runtime, loopback addresses', () => {
  runtimeSuite(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gantry-process-'))
    const owner = { clusterUid: randomUUID(), nodeName: 'test-node' }
    const network = await createNetwork({
      ...owner,
      mode: 'loopback',
      podCIDR: '127.77.0.0/24',
      serviceCIDR: '127.78.0.0/24',
      folder: join(folder, 'network'),
    })
    return {
      open: () => createProcessRuntime({ ...owner, network, folder: join(folder, 'runtime') }),
      allocate: podUid => network.allocate(podUid),
      image: undefined,
      asUser: 0,
      dispose: async () => {
        await network.destroy()
        await rm(folder, { recursive: true, force: true })
      },
    }
  })
})
