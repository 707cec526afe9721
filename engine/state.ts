/** DEV: without record. */
import { join } from 'node:path'
import { createClock } from './clock.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import type { KubeObject } from './api/types.ts'
import type { ObjectChange } from './cluster/view.ts'
import type { DataFolder } from './data.ts'
import { openRepository } from './git/open.ts'
import { ensureSigningKey } from './git/signing-key.ts'
import type { Renderer } from './render/renderer.ts'
import { seed } from './seed.ts'

export async function openState(options: { data: DataFolder; repo: string | undefined; branch: string }) {
  const { data } = options
  const signingKey = join(data.keys, 'record')
  await ensureSigningKey(signingKey)
  const repository = await openRepository(data.repository, { signingKey, create: { defaultBranch: options.branch } })
  const now = createClock(0)
  if (options.repo === undefined) await seed(repository, { branch: options.branch, at: Math.floor(now() / 1000) })
  return {
    repository,
    now,
    startVersion: 1,
    source: undefined as undefined | { fetch(): Promise<string> },
    recorder: { record: async (_: readonly ObjectChange[], __: number) => {} },
    reserve: async (_: number) => {},
    noteProgress: (_: ClusterObject | undefined, __: ClusterObject) => {},
    restore: async (_: Renderer): Promise<KubeObject[]> => [],
    close: () => repository.close(),
  }
}
