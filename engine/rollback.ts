/** `gantry rollback`: one new commit on the followed branch whose followed files are those of an earlier commit. */
import { commitToBranch, newestHead } from './branch-commit.ts'
import type { BranchWork } from './branch-commit.ts'
import type { Change, Commit, Oid, Repository, TreeEntry } from './git/repository.ts'
import { readFates } from './record/fate.ts'
import { revisionOf } from './revisions.ts'
import { Refused } from './server/controls.ts'
import type { Rollback } from './server/controls.ts'
import type { State } from './state.ts'

export interface RollbackOptions {
  readonly state: Pick<State, 'repository' | 'source' | 'now'>
  readonly clusterName: string
  readonly branch: string
  /** The paths, from the root, that decide what a commit asks for; `.` is everything. */
  followed(commit: Commit): Promise<readonly string[]>
  /** The applied commit. */
  readonly current: Oid | undefined
  /** What to go back to, as a person writes it; undefined: the last healthy commit before the current one. */
  readonly commit: string | undefined
}

/** So far back a healthy commit is looked for. */
const searched = 1_000

/** Rejects with Refused where there is nothing to go back to, or the commit cannot be made. */
export async function rollBack(options: RollbackOptions): Promise<Rollback> {
  const { state, branch } = options
  const { repository } = state
  const work: BranchWork = { state, branch, words }
  const head = await newestHead(work)
  const target =
    options.commit === undefined ? await lastHealthy(head, options) : await find(head, options.commit, repository)
  const { tree } = await repository.readCommit(head)
  const paths = await options.followed(target)
  const changes = await difference(repository, { from: tree, to: target.tree, paths })
  if (changes.size === 0) {
    const what = `${target.oid.slice(0, 7)} (${subject(target)})`
    throw new Refused(
      `the head of ${branch} has the files of ${what} already`,
      'name another commit; see gantry history',
    )
  }
  const message = `Roll back to ${target.oid.slice(0, 7)}: ${subject(target)}\n\nThis restores the files of ${target.oid}.\n`
  const commit = await commitToBranch(work, { head, changes, message })
  return { commit, restored: revisionOf(target) }
}

const words: BranchWork['words'] = {
  what: 'the rollback',
  undone: 'nothing was rolled back',
  again: 'roll back again',
  instead: 'roll back in a clone: git revert COMMIT && git push',
}

async function lastHealthy(head: Oid, { state, clusterName, current }: RollbackOptions): Promise<Commit> {
  const commits = await state.repository.log(head, { limit: searched })
  const before = commits.slice(commits.findIndex(({ oid }) => oid === current) + 1)
  const fates = await readFates(
    { repository: state.repository, cluster: clusterName },
    before.map(({ oid }) => oid),
  )
  const healthy = before.find(({ oid }) => {
    const fate = fates.get(oid)
    return fate !== undefined && 'healthyAt' in fate
  })
  if (healthy !== undefined) return healthy
  throw new Refused('no earlier commit was healthy', 'name the commit to go back to; see gantry history')
}

async function find(head: Oid, text: string, repository: Repository): Promise<Commit> {
  const commits = await repository.log(head, { limit: searched })
  const found = /^[0-9a-f]{4,40}$/.test(text) ? commits.filter(({ oid }) => oid.startsWith(text)) : []
  const [only, second] = found
  if (only === undefined) {
    throw new Refused(`the branch has no commit ${JSON.stringify(text)}`, 'give a commit id of gantry history')
  }
  if (second !== undefined) {
    throw new Refused(`${text} is short for several commits`, 'give more of its digits')
  }
  return only
}

/** What has to change for what is followed to become that of the other tree. */
async function difference(
  repository: Repository,
  { from, to, paths }: { from: Oid; to: Oid; paths: readonly string[] },
): Promise<Map<string, Change>> {
  const names = async (tree: Oid): Promise<string[]> => (await repository.readTree(tree)).map(({ name }) => name)
  const changes = new Map<string, Change>()
  for (const path of paths.includes('.') ? new Set([...(await names(from)), ...(await names(to))]) : paths) {
    const [before, after] = [await entryAt(repository, from, path), await entryAt(repository, to, path)]
    if (before?.oid !== after?.oid || before?.kind !== after?.kind) changes.set(path, after ?? null)
  }
  return changes
}

async function entryAt(repository: Repository, tree: Oid, path: string): Promise<TreeEntry | undefined> {
  const [name = '', ...rest] = path.split('/')
  const entry = (await repository.readTree(tree)).find(each => each.name === name)
  if (entry === undefined || rest.length === 0) return entry
  return entry.kind === 'tree' ? entryAt(repository, entry.oid, rest.join('/')) : undefined
}

function subject({ message }: Commit): string {
  return message.split('\n', 1)[0] ?? ''
}
