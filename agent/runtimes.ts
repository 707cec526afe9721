/** Which runtimes a node offers. */
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import type { NodeName } from '../engine/api/types.ts'
import type { NodeSettings } from '../engine/protocol/session.ts'
import type { NodeNetwork } from './network/network.ts'
import { createDockerRuntime } from './runtime/docker/runtime.ts'
import { createProcessRuntime } from './runtime/process/runtime.ts'
import type { Runtime } from './runtime/runtime.ts'

/** `auto`: processes always, containers where a Docker Engine answers. */
export type RuntimeChoice = 'auto' | 'docker' | 'process'

export interface RuntimesOptions {
  readonly choice: RuntimeChoice
  readonly dockerSocket: string
  readonly folder: string
  readonly settings: NodeSettings
  readonly nodeName: NodeName
  readonly network: NodeNetwork
}

export async function openRuntimes(options: RuntimesOptions): Promise<ReadonlyMap<'process' | 'docker', Runtime>> {
  const { choice, dockerSocket, folder, nodeName, network } = options
  // The agent's folder lies in the engine's on one machine: its token and keys are no container's business.
  const dataFolder = dirname(folder)
  const common = { clusterUid: options.settings.clusterUid, nodeName, network }
  const runtimes = new Map<'process' | 'docker', Runtime>()
  if (choice !== 'docker') {
    runtimes.set(
      'process',
      await createProcessRuntime({ ...common, folder: join(folder, 'process'), hidden: [dataFolder] }),
    )
  }
  if (choice === 'docker' || (choice === 'auto' && (await answers(dockerSocket)))) {
    runtimes.set(
      'docker',
      await createDockerRuntime({ ...common, folder: join(folder, 'docker'), socket: dockerSocket }),
    )
  }
  return runtimes
}

/** The Engine's Unix socket, by DOCKER_HOST as the docker client reads it. */
export function dockerSocketOf(host: string | undefined): string {
  if (host === undefined || host === '') return '/var/run/docker.sock'
  if (host.startsWith('unix://')) return host.slice('unix://'.length)
  throw new Error(`DOCKER_HOST is ${host}, but containers must run on this machine; use unix:///path/to/docker.sock`)
}

function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = connect(socket)
    connection.once('connect', () => resolve(true)).once('error', () => resolve(false))
    connection.once('connect', () => connection.destroy())
  })
}
