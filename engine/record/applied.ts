import type { Oid, RefName, Repository } from '../git/repository.ts'

/** What the note on a desired commit says; times in RFC 3339. */
export interface Applied {
  readonly appliedAt: string
  readonly healthyAt?: string
}

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
  { repository, cluster }: Place,
  { commit, appliedAt, healthyAt }: Applied & { readonly commit: Oid },
): Promise<boolean> {
  const ref = appliedRef(cluster)
  const expected = await repository.resolve(ref)
  if (expected !== commit) await repository.updateRef(ref, { to: commit, expected })
  const lines = [`Applied: ${appliedAt}`, ...(healthyAt === undefined ? [] : [`Healthy: ${healthyAt}`])]
  const text = `${lines.join('\n')}\n`
  if ((await repository.readNotes(notesRef(cluster), [commit])).get(commit) === text) return false
  await repository.writeNote(notesRef(cluster), commit, text)
  return true
}

/** When each of these commits was applied and became healthy; those that never were are absent. */
export async function readApplied(
  { repository, cluster }: Place,
  commits: readonly Oid[],
): Promise<ReadonlyMap<Oid, Applied>> {
  const notes = await repository.readNotes(notesRef(cluster), commits)
  return new Map(
    [...notes].flatMap(([commit, text]) => {
      const appliedAt = /^Applied: (.+)$/m.exec(text)?.[1]
      const healthyAt = /^Healthy: (.+)$/m.exec(text)?.[1]
      return appliedAt === undefined ? [] : [[commit, { appliedAt, ...(healthyAt === undefined ? {} : { healthyAt }) }]]
    }),
  )
}
