/** Commits that Gantry itself makes on the followed branch, when a command asks for one. */
import { GitError } from './git/repository.ts'
import type { Change, Oid } from './git/repository.ts'
import { Refused } from './server/controls.ts'
import type { State } from './state.ts'

/** The branch, and how its owner is told where the commit cannot be made. */
export interface BranchWork {
  readonly state: Pick<State, 'repository' | 'source' | 'now'>
  readonly branch: string
  readonly words: {
    /** `the rollback` */
    readonly what: string
    /** `nothing was rolled back` */
    readonly undone: string
    /** `roll back again` */
    readonly again: string
    /** What to do in a clone instead. */
    readonly instead: string
  }
}

/** The newest commit of the branch, wherever it lives. Rejects with Refused where there is none, or it cannot be read. */
export async function newestHead({ state, branch, words }: BranchWork): Promise<Oid> {
  const { repository, source } = state
  const head = await (source === undefined
    ? repository.resolve(`refs/heads/${branch}`)
    : source.fetch().catch((error: unknown) => {
        throw remoteRefused(`${words.what} needs the newest commit`, error, words)
      }))
  if (head === undefined) throw new Refused(`branch ${branch} does not exist`, 'push a first commit')
  return head
}

/** Puts one commit on top of the head, at the remote too where there is one. Rejects with Refused; nothing is left then. */
export async function commitToBranch(
  work: BranchWork,
  { head, changes, message }: { head: Oid; changes: ReadonlyMap<string, Change>; message: string },
): Promise<Oid> {
  const { state, branch } = work
  const { repository, source } = state
  const ref = `refs/heads/${branch}`
  const commit = await repository.commit({
    ref,
    expected: head,
    changes,
    message,
    author: { name: 'Gantry', email: 'gantry@localhost' },
    at: Math.floor(state.now() / 1000),
    sign: true,
  })
  if (source === undefined) return commit
  try {
    await source.push([ref])
  } catch (error) {
    await repository.updateRef(ref, { to: head, expected: commit })
    // The remote may have taken it, and the connection broken before it said so.
    if ((await source.fetch().catch(() => head)) !== commit) throw notPushed(work, error)
  }
  return commit
}

function notPushed({ branch, words }: BranchWork, error: unknown): unknown {
  if (!(error instanceof GitError && error.code === 'RefChanged')) {
    return remoteRefused(`${words.what} cannot be pushed to ${branch}`, error, words)
  }
  return new Refused(
    `somebody pushed to ${branch} at the same moment, so ${words.undone}`,
    `look at what came (gantry history), then ${words.again}`,
  )
}

function remoteRefused(what: string, error: unknown, { instead }: BranchWork['words']): unknown {
  if (!(error instanceof GitError)) return error
  return new Refused(`${what}: ${error.message}`, `${error.remedy ?? 'mend that'}; or ${instead}`)
}
