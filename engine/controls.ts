/** What the `gantry` command asks the engine beyond the Kubernetes API: status, history, rollback, down. */
import { clusterKind } from './api/cluster-object.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import { toTime } from './api/time.ts'
import type { ClusterView } from './cluster/view.ts'
import type { Follower } from './follow.ts'
import type { GitServer } from './git/server.ts'
import type { Oid } from './git/repository.ts'
import { inWords } from './in-words.ts'
import { readFates } from './record/fate.ts'
import { revisionOf } from './revisions.ts'
import { changeNode } from './node-change.ts'
import { rollBack } from './rollback.ts'
import { Refused } from './server/controls.ts'
import type { EngineControls, EngineStatus } from './server/controls.ts'
import type { FleetControls } from './server/fleet-api.ts'
import type { Store } from './server/store.ts'
import type { State } from './state.ts'
import { version } from '../machine/version.ts'

export interface ControlsOptions {
  readonly clusterName: string
  readonly branch: string
  readonly state: State
  readonly store: Store
  readonly follower: Follower
  readonly gitServer: GitServer
  readonly url: () => string
  readonly trouble: () => Error | undefined
  readonly pending: () => number
  /** As the core has it, ahead of what is recorded and served. */
  readonly cluster: ClusterView
  readonly fleet: FleetControls
  /** Asks the engine to end. */
  down(): void
}

export function createControls(options: ControlsOptions): EngineControls {
  const { store, clusterName, branch, state, follower } = options
  const { repository } = state
  const startedAt = toTime(Date.now())
  const own = (): ClusterObject | undefined => store.get(clusterKind, clusterName) as ClusterObject | undefined

  function mirror(): EngineStatus['record']['mirror'] {
    const now = state.mirror()
    if (state.source === undefined || now === undefined) return undefined
    const lagSeconds = now.behindSince === undefined ? 0 : Math.round((Date.now() - now.behindSince) / 1000)
    return { url: state.source.url, lagSeconds, ...(now.problem === undefined ? {} : { problem: now.problem }) }
  }

  return {
    status() {
      const cluster = own()
      const copy = mirror()
      const trouble = options.trouble()
      const problem = trouble && inWords(trouble)
      return {
        version,
        startedAt,
        clusterName,
        ...(cluster === undefined ? {} : { cluster }),
        source: {
          url: state.source?.url ?? `${options.url()}/git/${clusterName}.git`,
          branch,
          ...(follower.fetchedAt === undefined ? {} : { fetchedAt: toTime(follower.fetchedAt) }),
        },
        record: {
          branch: `observed/${clusterName}`,
          pending: options.pending(),
          ...(state.head === undefined ? {} : { commit: state.head }),
          ...(problem === undefined ? {} : { problem }),
          ...(copy === undefined ? {} : { mirror: copy }),
        },
      }
    },

    async history({ limit }) {
      const head = await repository.resolve(`refs/heads/${branch}`)
      if (head === undefined) return []
      const commits = await repository.log(head, { limit })
      const place = { repository, cluster: clusterName }
      const fates = await readFates(
        place,
        commits.map(({ oid }) => oid),
      )
      const status = own()?.status
      return commits.map(commit => ({
        revision: revisionOf(commit),
        ...fates.get(commit.oid),
        current: commit.oid === status?.revision?.commit,
        ...(commit.oid === status?.refused?.revision.commit ? { refused: status.refused.verdict } : {}),
      }))
    },

    async rollback({ commit }) {
      const current: Oid | undefined = own()?.status.revision?.commit
      const work = () => rollBack({ state, clusterName, branch, followed: follower.followed, current, commit })
      const done = await options.gitServer.withPushLock(() => follower.exclusively(work))
      await follower.check()
      return done
    },

    async changeNode(name, change) {
      const work = () => changeNode({ state, branch, cluster: options.cluster, follower, name, change })
      const commit = await options.gitServer.withPushLock(() => follower.exclusively(work))
      await follower.check()
      const refused = (options.cluster.get(clusterKind, clusterName) as ClusterObject | undefined)?.status.refused
      if (commit !== undefined && refused?.revision.commit === commit) {
        const why = refused.problems.map(({ message }) => message).join('; ')
        throw new Refused(`commit ${commit.slice(0, 7)} was made, and ${refused.verdict}: ${why}`, 'see gantry status')
      }
      return { ...(commit === undefined ? {} : { commit }), branch }
    },

    fleet: options.fleet,
    down: options.down,
  }
}
