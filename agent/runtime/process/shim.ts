import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeName, Uid } from '../../../engine/api/types.ts'
import type { ContainerRecord, Layout } from './files.ts'
import { launchArguments } from './launch.ts'
import { shimPath } from './machine.ts'

export interface Owner {
  readonly clusterUid: Uid
  readonly nodeName: NodeName
}

/** What every process of a container carries, so that it is known even where nothing else is left of its record. */
export function marksOf(
  { clusterUid, nodeName }: Owner,
  record: Pick<ContainerRecord, 'podUid' | 'name' | 'attempt'>,
): Record<string, string> {
  return {
    GANTRY_CLUSTER: clusterUid,
    GANTRY_NODE: nodeName,
    GANTRY_POD_UID: record.podUid,
    GANTRY_CONTAINER: record.name,
    GANTRY_ATTEMPT: String(record.attempt),
  }
}

export interface ShimOptions {
  readonly owner: Owner
  readonly layout: Layout
  readonly asRoot: boolean
  readonly hostname: string
  readonly command: readonly string[]
}

/** Starts a container's shim, in a session of its own: it lives on without the agent. Where one runs already, it ends at once. */
export async function spawnShim(
  record: ContainerRecord,
  { owner, layout, asRoot, hostname, command }: ShimOptions,
): Promise<void> {
  const home = layout.container(record.id)
  const launch = launchArguments({ record, asRoot, command }, { layout, hostname })
  const environment = await open(join(home, 'env'))
  try {
    await new Promise<void>((resolve, reject) => {
      const shim = spawn('/bin/sh', [layout.shim, join(layout.marks, record.id), ...launch], {
        cwd: home,
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', environment.fd],
        env: { ...marksOf(owner, record), GANTRY_SHIM: '1', PATH: shimPath },
      })
      shim.once('spawn', resolve)
      shim.once('error', reject)
      shim.unref()
    })
  } finally {
    await environment.close()
  }
}
