import { runGit } from './git-process.ts'
import { quarantineEnvironment } from './quarantine.ts'
import type { HookQuestion } from './pre-receive-hook.ts'
import type { CommitReader, Oid, RefName, Repository } from './repository.ts'

export interface PushUpdate {
  readonly ref: RefName
  /** Absent where the push creates the reference. */
  readonly before?: Oid
  /** Absent where it deletes it. */
  readonly after?: Oid
}

/** A push that lies in quarantine: no reference has moved, and nobody but `objects` sees what it brings. */
export interface Push {
  readonly updates: readonly PushUpdate[]
  readonly objects: CommitReader
  /** `git push -o …` */
  readonly pushOptions: readonly string[]
}

export interface PushVerdict {
  readonly accept: boolean
  /** Shown on the pusher's terminal as `remote: …`. */
  readonly lines: readonly string[]
}

/** Lets a push replace the history of the followed branch. */
export const rewriteOption = 'gantry.rewrite'

const noObject = /^0+$/

export function parseUpdate(line: string): PushUpdate {
  const [before = '', after = '', ref = ''] = line.split(' ')
  return { ref, ...(noObject.test(before) ? {} : { before }), ...(noObject.test(after) ? {} : { after }) }
}

export interface PushRules {
  readonly repository: Repository
  readonly followed: RefName
}

interface RulesAndObjects extends PushRules {
  /** What the push brings, and what was there before. */
  readonly objects: CommitReader
}

/** Why a push is refused whatever it brings, in lines for the pusher; undefined where nothing speaks against it. */
export async function objectionTo(question: HookQuestion, rules: RulesAndObjects): Promise<string[] | undefined> {
  for (const update of question.updates.map(parseUpdate)) {
    const objection = objectionToName(update) ?? (await objectionToMove(update, question, rules))
    if (objection) return objection
  }
  return undefined
}

function objectionToName({ ref }: PushUpdate): string[] | undefined {
  if (!/^refs\/(heads\/observed|notes\/gantry|gantry)\//.test(ref)) return undefined
  return [`refused: ${short(ref)} is written by Gantry alone, which records there what it saw.`, 'Push another branch.']
}

async function objectionToMove(
  { ref, before, after }: PushUpdate,
  { quarantine, pushOptions }: HookQuestion,
  { repository, followed, objects }: RulesAndObjects,
): Promise<string[] | undefined> {
  if ((await repository.resolve(ref)) !== before) {
    return [`refused: ${short(ref)} has moved since you fetched it.`, 'git pull --rebase, then push again.']
  }
  if (ref !== followed || before === undefined) return undefined
  if (after === undefined) {
    return [
      `refused: ${short(ref)} is the branch that this cluster follows; it cannot be deleted.`,
      'To stop what runs, remove it in a commit; to stop Gantry with all its pods, use gantry down.',
    ]
  }
  // One commit more is what most pushes are: that needs no walk, and no git.
  const isNext = (await objects.readCommit(after)).parents.includes(before)
  if (
    isNext ||
    (await isForward({ before, after }, { repository, quarantine })) ||
    pushOptions.some(option => option === rewriteOption || option === `${rewriteOption}=true`)
  ) {
    return undefined
  }
  return [
    `refused: this push would rewrite ${short(ref)}: ${before.slice(0, 12)}, which runs now, is not in its history.`,
    'To undo a commit: git revert COMMIT && git push.',
    `To replace the history all the same: git push --force -o ${rewriteOption}.`,
  ]
}

async function isForward(
  { before, after }: { before: Oid; after: Oid },
  { repository, quarantine }: { repository: Repository; quarantine: string },
): Promise<boolean> {
  const args = ['--git-dir', repository.path, 'merge-base', '--is-ancestor', before, after]
  return (await runGit(args, { env: quarantineEnvironment(repository.path, quarantine) })).code === 0
}

function short(ref: RefName): string {
  return ref.replace(/^refs\/(heads|tags)\//, '')
}
