/** Follows the branch: every new head becomes a proposal, and an accepted one an event of the core. */
import type { Logger } from 'pino'
import { clusterKind } from './api/cluster-object.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import type { Cluster } from './cluster/cluster.ts'
import type { Event } from './core/event.ts'
import { GitError } from './git/repository.ts'
import type { Commit, CommitReader, Oid, Repository } from './git/repository.ts'
import type { Push, PushUpdate, PushVerdict } from './git/push.ts'
import type { Source } from './git/source.ts'
import { inWords } from './in-words.ts'
import { lineage } from './lineage.ts'
import { describeProposal, propose } from './revisions.ts'
import type { Proposal } from './revisions.ts'
import { followedPaths } from './render/followed.ts'
import type { Rendered, Renderer } from './render/renderer.ts'

export interface FollowOptions {
  readonly repository: Repository
  readonly renderer: Renderer
  readonly cluster: Cluster
  readonly clusterName: string
  readonly branch: string
  readonly paths: readonly string[] | undefined
  /** The remote whose branch is followed; undefined where the branch is pushed to the built-in server. */
  readonly source: Pick<Source, 'url' | 'fetch' | 'close'> | undefined
  readonly intervalSeconds: number
  /** The key with which Gantry signs its own commits, such as a rollback's. */
  readonly ownKey: string
  dispatch(event: Event): void
  readonly log: Logger
}

export interface Follower {
  /** Reads the source now. Never rejects: what is wrong with the source becomes an event. */
  check(): Promise<void>
  onPush(push: Push): Promise<PushVerdict>
  /** The paths, from the root, that decide what a commit asks for; `.` is everything. */
  followed(commit: Commit): Promise<readonly string[]>
  /** What a commit asks for, and the folders that are read for it. */
  read(commit: Commit): Promise<Rendered & { readonly paths: readonly string[] }>
  onPushed(updates: readonly PushUpdate[]): void
  /** Runs work while the branch is neither read nor planned. Whoever holds the push lock may wait here, never the reverse. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
  /** When the source was last read with success, in milliseconds since 1970. */
  readonly fetchedAt: number | undefined
  close(): Promise<void>
}

export function followBranch(options: FollowOptions): Follower {
  const { repository, renderer, cluster, clusterName, paths, source, dispatch } = options
  const ref = `refs/heads/${options.branch}`
  let examined: Oid | undefined
  /** Why the source cannot be read; undefined while it can. */
  let trouble: string | undefined
  let fetchedAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let closed = false
  let isResumed = false
  /** What pre-receive let through, until the reference has moved. */
  const accepted = new Map<Oid, Proposal>()

  /** Plan and reference update are one: nothing else is planned in between. */
  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work)
    queue = result.catch(() => {})
    return result
  }

  /** Another branch is a proposal: what it would change is told, and nothing changes. */
  async function preview({ updates, objects }: Push): Promise<readonly string[]> {
    const branch = updates.find(({ ref: moved, after }) => moved.startsWith('refs/heads/') && after !== undefined)
    if (branch?.after === undefined) return []
    const proposal = await consider(await objects.readCommit(branch.after), objects)
    const name = branch.ref.slice('refs/heads/'.length)
    return [
      `${name} is a proposal: cluster ${clusterName} follows ${options.branch}. With ${name} it would be:`,
      ...describeProposal(proposal),
    ]
  }

  async function consider(commit: Commit, objects: CommitReader): Promise<Proposal> {
    const own = cluster.get(clusterKind, clusterName) as ClusterObject | undefined
    const applied = own?.status.revision?.commit
    const { commits: since, complete } = await lineage(objects, { from: commit, to: applied })
    // What the applied commit may remove and has not removed yet needs no second word.
    const isUnderWay = (own?.status.rollout?.waiting ?? []).length > 0
    const commits =
      isUnderWay && applied !== undefined && since.length > 0 ? [...since, await objects.readCommit(applied)] : since
    const rewritten = applied !== undefined && !complete
    const signers = { own: options.ownKey, applied: own?.status.revision && own.spec.trustedSigners }
    return propose(commit, { renderer, cluster, objects, paths, commits, rewritten, signers })
  }

  function apply(proposal: Proposal): void {
    const { revision, manifests, settings, problems, verdict } = proposal
    examined = revision.commit
    if (verdict === 'accepted') dispatch({ kind: 'revision', revision, manifests, settings, problems })
    else dispatch({ kind: 'refused', revision, verdict, problems })
  }

  async function read({ tree, committedAt: time }: Commit): Promise<Rendered & { paths: readonly string[] }> {
    const rendered = await renderer.render({ objects: repository, tree, time }, paths === undefined ? {} : { paths })
    return { ...rendered, paths: paths ?? rendered.settings.spec.paths }
  }

  async function readSource(): Promise<void> {
    try {
      const head = source === undefined ? await repository.resolve(ref) : await source.fetch()
      if (head === undefined) throw missing(options.branch)
      fetchedAt = Date.now()
      if (trouble !== undefined) dispatch({ kind: 'source' })
      trouble = undefined
      if (head !== examined) apply(await consider(await repository.readCommit(head), repository))
    } catch (error) {
      // Broken off, because Gantry ends: no news of the source.
      if (closed) return
      const message = inWords(error)
      // It is tried every few seconds: what was said is neither said nor recorded again.
      if (trouble !== undefined && sameWords(message, trouble)) return
      trouble = message
      options.log.warn(error, 'the source cannot be read')
      dispatch({ kind: 'source', message })
    }
  }

  /** What the applied commit had not applied yet when the engine ended goes on, whatever becomes of the branch meanwhile. */
  async function resume(): Promise<void> {
    const own = cluster.get(clusterKind, clusterName) as ClusterObject | undefined
    const { revision, rollout, problems = [] } = own?.status ?? {}
    if (revision === undefined || examined === revision.commit || (rollout?.waiting ?? []).length === 0) return
    try {
      const { manifests, settings } = await read(await repository.readCommit(revision.commit))
      dispatch({ kind: 'revision', revision, manifests, settings, problems })
    } catch (error) {
      options.log.error(error, 'the applied commit cannot be read: what of it waits will come with the next one')
    }
  }

  async function check(): Promise<void> {
    clearTimeout(timer)
    await exclusively(readSource)
    if (!isResumed && !closed) await exclusively(resume)
    isResumed = true
    if (!closed && source !== undefined) timer = setTimeout(check, options.intervalSeconds * 1000)
  }

  return {
    check,
    exclusively,
    read,
    followed: async commit => followedPaths((await read(commit)).paths),
    get fetchedAt() {
      return fetchedAt
    },

    onPush: push =>
      exclusively(async () => {
        const update = push.updates.find(moved => moved.ref === ref)
        if (update?.after === undefined) return { accept: true, lines: await preview(push) }
        if (source !== undefined) return { accept: false, lines: elsewhere(source.url) }
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
      await source?.close()
      await queue
    },
  }
}

function missing(branch: string): GitError {
  return new GitError('BranchMissing', `branch ${branch} does not exist`, `push it: git push origin ${branch}`)
}

function elsewhere(url: string): string[] {
  return [`refused: this cluster follows ${url}, and a push to here would change nothing.`, 'Push there instead.']
}

/** Counts and times differ from one try to the next. */
function sameWords(a: string, b: string): boolean {
  return a.replace(/\d+/g, '0') === b.replace(/\d+/g, '0')
}
