/** An agent that starts one container and is killed at it: run by crash.test.ts in a process of its own. */
import { readFileSync } from 'node:fs'
import type { NodeNetwork } from '../../network/network.ts'
import type { ContainerSpec, SandboxSpec } from '../runtime.ts'
import { createProcessRuntime } from './runtime.ts'

interface Orders {
  readonly folder: string
  readonly clusterUid: string
  readonly nodeName: string
  readonly sandbox: SandboxSpec
  readonly container: ContainerSpec
}

const orders = JSON.parse(readFileSync(0, 'utf8')) as Orders
const runtime = await createProcessRuntime({ ...orders, network: { mode: 'loopback' } as NodeNetwork })
process.stdout.write('ready\n')
await runtime.createSandbox(orders.sandbox)
await runtime.startContainer(orders.container)
process.stdout.write('started\n')
setInterval(() => {}, 1000)
