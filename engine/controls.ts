/** What the `gantry` command asks the engine beyond the Kubernetes API: status, history, rollback, down. */
import { clusterKind } from './api/cluster-object.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import { toTime } from './api/time.ts'
import type { Repository } from './git/repository.ts'
import type { GitServer } from './git/server.ts'
import { Refused } from './server/controls.ts'
import type { EngineControls } from './server/controls.ts'
import type { Store } from './server/store.ts'
import type { Follower } from './follow.ts'
import { revisionOf } from './revisions.ts'
import { version } from './version.ts'

export interface ControlsOptions {
  readonly clusterName: string
  readonly branch: string
  readonly repository: Repository
  readonly store: Store
  readonly follower: Follower
  readonly gitServer: GitServer
  readonly url: () => string
  readonly trouble: () => Error | undefined
  down(): Promise<number>
}

export function createControls(options: ControlsOptions): EngineControls {
  const { store, clusterName } = options
  const startedAt = toTime(Date.now())
  return {
    status() {
      const cluster = store.get(clusterKind, clusterName) as ClusterObject | undefined
      return {
        version,
        startedAt,
        clusterName,
        ...(cluster === undefined ? {} : { cluster }),
        source: { url: `${options.url()}/git/${clusterName}.git`, branch: options.branch },
        record: { branch: `observed/${clusterName}`, pending: 0 },
      }
    },
    history: async () => [],
    rollback: async () => {
      throw new Refused('not yet', 'wait')
    },
    down: async () => ({ stoppedPods: await options.down() }),
  }
}
void revisionOf
