/** Follows the branch: every new head becomes a proposal, and an accepted one an event of the core. */
import type { Logger } from 'pino'
import { clusterKind } from './api/cluster-object.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import type { ClusterView } from './cluster/view.ts'
import type { Event } from './core/event.ts'
import { GitError } from './git/repository.ts'
import type { Commit, ObjectReader, Oid, Repository } from './git/repository.ts'
import type { Push, PushUpdate, PushVerdict } from './git/push.ts'
import { lineage } from './lineage.ts'
import { describeProposal, propose } from './revisions.ts'
import type { Proposal } from './revisions.ts'
import type { Renderer } from './render/renderer.ts'

export interface FollowOptions {
  readonly repository: Repository
  readonly renderer: Renderer
  readonly cluster: ClusterView
  readonly clusterName: string
  readonly branch: string
  readonly paths: readonly string[] | undefined
  /** Brings the remote's head into the repository; undefined where the branch is pushed to the built-in server. */
  readonly fetch: (() => Promise<Oid>) | undefined
  readonly intervalSeconds: number
  dispatch(event: Event): void
  readonly log: Logger
}

export interface Follower {
  /** Reads the source now. Never rejects: what is wrong with the source becomes an event. */
  check(): Promise<void>
  onPush(push: Push): Promise<PushVerdict>
  onPushed(updates: readonly PushUpdate[]): void
  /** When the source was last read with success, in milliseconds since 1970. */
  readonly fetchedAt: number | undefined
  close(): Promise<void>
}

export function followBranch(options: FollowOptions): Follower {
  const { repository, renderer, cluster, clusterName, paths, dispatch } = options
  const ref = `refs/heads/${options.branch}`
  let examined: Oid | undefined
  let troubled = false
  let fetchedAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let closed = false
  /** What pre-receive let through, until the reference has moved. */
  const accepted = new Map<Oid, Proposal>()

  /** Plan and reference update are one: nothing else is planned in between. */
  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work)
    queue = result.catch(() => {})
    return result
  }

  async function consider(commit: Commit, objects: ObjectReader): Promise<Proposal> {
    const applied = (cluster.get(clusterKind, clusterName) as ClusterObject | undefined)?.status.revision?.commit
    const { commits, complete } = await lineage(objects, { from: commit, to: applied })
    const rewritten = applied !== undefined && !complete
    return propose(commit, { renderer, cluster, objects, paths, commits, rewritten })
  }

  function apply(proposal: Proposal): void {
    const { revision, manifests, settings, problems, verdict } = proposal
    examined = revision.commit
    if (verdict === 'accepted') dispatch({ kind: 'revision', revision, manifests, settings, problems })
    else dispatch({ kind: 'refused', revision, verdict, problems })
  }

  async function readSource(): Promise<void> {
    try {
      const head = options.fetch === undefined ? await repository.resolve(ref) : await options.fetch()
      if (head === undefined) throw new GitError('BranchMissing', `branch ${options.branch} does not exist`, `push it: git push origin ${options.branch}`)
      fetchedAt = Date.now()
      if (troubled) dispatch({ kind: 'source' })
      troubled = false
      if (head !== examined) apply(await consider(await repository.readCommit(head), repository))
    } catch (error) {
      troubled = true
      options.log.warn(error, 'the source cannot be read')
      dispatch({ kind: 'source', message: inWords(error) })
    }
  }

  async function check(): Promise<void> {
    clearTimeout(timer)
    await exclusively(readSource)
    if (!closed && options.fetch !== undefined) timer = setTimeout(check, options.intervalSeconds * 1000)
  }

  return {
    check,
    get fetchedAt() {
      return fetchedAt
    },

    onPush: push =>
      exclusively(async () => {
        const update = push.updates.find(moved => moved.ref === ref)
        if (update?.after === undefined) return { accept: true, lines: [] }
        const proposal = await consider(await push.objects.readCommit(update.after), push.objects)
        if (proposal.verdict !== 'rejected') accepted.set(update.after, proposal)
        return { accept: proposal.verdict !== 'rejected', lines: describeProposal(proposal) }
      }),

    onPushed(updates) {
      for (const { ref: moved, after } of updates) {
        const proposal = after === undefined ? undefined : accepted.get(after)
        if (moved === ref && proposal !== undefined && after !== examined) apply(proposal)
      }
      accepted.clear()
    },

    async close() {
      closed = true
      clearTimeout(timer)
      await queue
    },
  }
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const remedy = error instanceof GitError ? error.remedy : undefined
  return remedy === undefined ? error.message : `${error.message}; ${remedy}`
}
