import { formatProblem } from '../api/problem.ts'
import type { Problem } from '../api/problem.ts'
import type { Oid, RefName, Repository } from '../git/repository.ts'

/** What the note on a desired commit says; times in RFC 3339. */
export interface Applied {
  readonly appliedAt: string
  readonly healthyAt?: string
}

/** Applied, or rejected. */
export type Fate = Applied | { readonly refused: 'rejected' }

/** A note is for reading; `gantry validate` tells all. */
const mostErrors = 10

interface Place {
  readonly repository: Repository
  readonly cluster: string
}

export function notesRef(cluster: string): RefName {
  return `refs/notes/gantry/${cluster}`
}

function appliedRef(cluster: string): RefName {
  return `refs/gantry/applied/${cluster}`
}

/**
 * Marks a desired commit as applied: a note for readers, and a reference that keeps it whatever becomes of the branch.
 * Resolves to whether the note says anything new.
 */
export async function markApplied(
  place: Place,
  { commit, appliedAt, healthyAt }: Applied & { readonly commit: Oid },
): Promise<boolean> {
  const { repository, cluster } = place
  const ref = appliedRef(cluster)
  const expected = await repository.resolve(ref)
  if (expected !== commit) await repository.updateRef(ref, { to: commit, expected })
  const lines = [`Applied: ${appliedAt}`, ...(healthyAt === undefined ? [] : [`Healthy: ${healthyAt}`])]
  return writeNote(place, commit, lines)
}

/** Notes on a desired commit why it was rejected. Resolves to whether the note says anything new. */
export function markRejected(
  place: Place,
  { commit, problems }: { readonly commit: Oid; readonly problems: readonly Problem[] },
): Promise<boolean> {
  const errors = problems.filter(({ severity }) => severity === 'error')
  return writeNote(place, commit, ['Rejected:', ...errors.slice(0, mostErrors).map(formatProblem)])
}

async function writeNote({ repository, cluster }: Place, commit: Oid, lines: readonly string[]): Promise<boolean> {
  const text = `${lines.join('\n')}\n`
  if ((await repository.readNotes(notesRef(cluster), [commit])).get(commit) === text) return false
  await repository.writeNote(notesRef(cluster), commit, text)
  return true
}

/** What became of each of these commits; those that nothing came of are absent. */
export async function readFates(
  { repository, cluster }: Place,
  commits: readonly Oid[],
): Promise<ReadonlyMap<Oid, Fate>> {
  const notes = await repository.readNotes(notesRef(cluster), commits)
  return new Map(
    [...notes].flatMap(([commit, text]) => {
      const fate = fateOf(text)
      return fate === undefined ? [] : [[commit, fate]]
    }),
  )
}

function fateOf(note: string): Fate | undefined {
  if (note.startsWith('Rejected:\n')) return { refused: 'rejected' }
  const appliedAt = /^Applied: (.+)$/m.exec(note)?.[1]
  const healthyAt = /^Healthy: (.+)$/m.exec(note)?.[1]
  return appliedAt === undefined ? undefined : { appliedAt, ...(healthyAt === undefined ? {} : { healthyAt }) }
}
